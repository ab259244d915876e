// What each person has not seen yet. The browser remembers it, for every person apart, because a reader's marks are no
// part of what a bot can see.

import { isOwnReply, place, repliesOf, seen } from "./store.js";

const key = (user, channel, thread) => ["read", user, channel, thread].filter(Boolean).join(":");

export function readUntil(user, channel, thread = null) {
  return Number(localStorage.getItem(key(user, channel, thread)) ?? 0);
}

export function markRead(user, channel, messages, thread = null) {
  const newest = Number(messages.at(-1)?.ts ?? 0);
  if (newest > readUntil(user, channel, thread)) localStorage.setItem(key(user, channel, thread), messages.at(-1).ts);
}

// Whether a message calls a person: by name, by a group of theirs, or everybody. Edits call nobody, as in Slack; nor
// does a card, whose names say who did what.
export function calls(message, user) {
  if (message.edited || message.user === user) return false;
  const words = JSON.stringify([message.text, message.blocks]);
  const groups = seen.groups.filter((group) => group.members.includes(user)).map((group) => group.id);
  return [`<@${user}`, `"user_id":"${user}"`, "<!here", "<!channel", "<!everyone"].some((mark) => words.includes(mark))
    || groups.some((group) => words.includes(`<!subteam^${group}`) || words.includes(`"usergroup_id":"${group}"`));
}

function followed(channel, user) {
  const mine = channel.messages.filter((message) => message.user === user || calls(message, user));
  return new Set(mine.map((message) => message.thread_ts ?? message.ts));
}

// What is new in a channel for a person; of threads only those they follow or are called into.
function unreadMessages(channel, user) {
  const threads = followed(channel, user);
  return channel.messages.filter((message) => {
    if (message.user === user || (message.ephemeral && user !== place.user)) return false;
    if (!isOwnReply(message)) return Number(message.ts) > readUntil(user, channel.id);
    return threads.has(message.thread_ts) && Number(message.ts) > readUntil(user, channel.id, message.thread_ts);
  });
}

// -> {count, mentions}
export function unreadIn(channel, user = place.user) {
  const fresh = unreadMessages(channel, user);
  const mentions = fresh.filter((message) => !message.ephemeral && (channel.is_im || calls(message, user))).length;
  return { count: fresh.length, mentions };
}

export function unreadReplies(channel, ts, user = place.user) {
  const until = readUntil(user, channel.id, ts);
  return repliesOf(channel, ts).filter((reply) => reply.user !== user && Number(reply.ts) > until).length;
}

// How often somebody else is called and has not looked; direct messages are theirs alone and not seen from here.
export function callsWaiting(user) {
  return openChannels().reduce((sum, channel) => sum + unreadIn(channel, user).mentions, 0);
}

// Whether a person was called, has not looked, and something can still be approved in that thread.
export function isRequestWaiting(user) {
  return openChannels().some((channel) => {
    const pending = channel.messages.filter((message) => JSON.stringify(message.attachments ?? "").includes('.approve"'));
    const threads = new Set(pending.map((message) => message.thread_ts ?? message.ts));
    return unreadMessages(channel, user).some((message) => threads.has(message.thread_ts ?? message.ts) && calls(message, user));
  });
}

const openChannels = () => seen.channels.filter((channel) => !channel.is_im);

export function firstUnread(channel, messages, thread = null) {
  const until = readUntil(place.user, channel.id, thread);
  return messages.find((message) => message.user !== place.user && Number(message.ts) > until)?.ts ?? null;
}

