// The tour's path: what has happened so far, told from the messages a person sees, and for each step what to press next.

import { HOME, NARROW, currentChannel, isOwnReply, place, platform, repliesOf, seen } from "./store.js";

const SECOND_PERSON = "U0CHI";
const $ = (selector) => document.querySelector(selector);
const isShown = (node) => Boolean(node?.getClientRects().length);

// -- what has happened ------------------------------------------------------------------------------------------------

function controls(message) {
  const blocks = [...(message.blocks ?? []), ...(message.attachments ?? []).flatMap((one) => one.blocks ?? [])];
  return blocks.flatMap((block) => [...(block.elements ?? []), block.accessory]).filter((one) => one?.action_id);
}

const has = (message, action) => controls(message).some((one) => one.action_id.startsWith(action));

// Who has it already may hand it over with the same button under another name.
function canBeTaken(card) {
  return controls(card).some((one) => one.action_id === "incident.ack" && one.text.text.startsWith("Acknowledge"));
}

function isIncidentOfQdrant(message) {
  return !isOwnReply(message) && controls(message).some((one) => one.action_id.startsWith("runbook.ask") && /qdrant/i.test(one.text?.text));
}

function find(ts) {
  for (const channel of seen.channels) {
    const message = channel.messages.find((one) => one.ts === ts);
    if (message) return { channel, message };
  }
  return null;
}

// Adds to `memory` what the workspace shows by now, and returns how things stand. What was once seen stays known: a card
// changes its buttons, and a refusal is private to the one who was refused.
export function observe(memory) {
  memory.card ??= seen.channels.flatMap((channel) => channel.messages).find(isIncidentOfQdrant)?.ts ?? null;
  const card = memory.card ? find(memory.card) : null;
  const replies = card ? repliesOf(card.channel, memory.card) : [];
  const asked = replies.find((message) => has(message, "approval.approve"));
  if (asked && memory.approval !== asked.ts) Object.assign(memory, { approval: asked.ts, requester: place.user, refused: false });
  memory.refused ||= Boolean(memory.approval) && replies.some((message) => message.ephemeral && Number(message.ts) > Number(memory.approval));
  const isResolved = Boolean(card) && has(card.message, "incident.reopen");
  const isApproved = isResolved || Boolean(memory.approval) && !asked;
  return {
    card,
    isBroken: Boolean(platform?.services?.qdrant?.broken),
    isTaken: isApproved || Boolean(card) && !canBeTaken(card.message),
    isAsked: isApproved || Boolean(asked),
    isRefused: isApproved || memory.refused || Boolean(asked) && place.user !== memory.requester,
    isSecond: isApproved || Boolean(asked) && place.user !== memory.requester,
    isApproved,
    isResolved,
    approval: memory.approval,
  };
}

// -- where to point ---------------------------------------------------------------------------------------------------

const buttonIn = (root, action) => {
  const words = { ack: /^Acknowledge/, restart: /^Restart qdrant/, approve: /^Approve/ }[action];
  return [...(root?.querySelectorAll("button") ?? [])].find((button) => words.test(button.textContent.trim()));
};

const inChannel = (ts) => $(`#messages [data-ts="${ts}"]`);
const inThread = (ts) => $(`#replies [data-ts="${ts}"]`);

function wayToSide() {
  return isShown($("#side")) ? null : isShown($("#thread")) && NARROW.matches ? $("#leave-thread") : $("#open-side");
}

function wayToCard(facts) {
  if (place.channel === HOME || currentChannel() !== facts.card.channel) return wayToSide() ?? $(`[data-place="${facts.card.channel.id}"]`);
  if (isShown(inChannel(facts.card.message.ts))) return null;
  return NARROW.matches && isShown($("#thread")) ? $("#leave-thread") : $(`#side [data-place="${facts.card.channel.id}"]`);
}

function wayToThread(facts) {
  if (place.thread === facts.card.message.ts && isShown($("#thread"))) return null;
  return wayToCard(facts) ?? inChannel(facts.card.message.ts)?.querySelector(".replies");
}

const onCard = (action) => (facts) => wayToCard(facts) ?? buttonIn(inChannel(facts.card.message.ts), action);
const approveButton = (facts) => wayToThread(facts) ?? buttonIn(inThread(facts.approval), "approve");

function breakButton() {
  const quick = $("#messages .empty .quiet");
  return isShown(quick) && NARROW.matches ? quick : wayToSide() ?? $('[data-break="qdrant/stop"]');
}

// Where the first incident is going to appear.
function wayToQuiet() {
  if (place.channel !== "C0INC" || NARROW.matches && isShown($("#side"))) return wayToSide() ?? $('[data-place="C0INC"]');
  return $("#messages .empty") ?? $("#channel .bar");
}

// -- the steps --------------------------------------------------------------------------------------------------------

export const STEPS = [
  {
    title: "Break something",
    text: (facts) => facts.isBroken
      ? "Qdrant is down. Its alert fires in about ten seconds, and the first incident appears here."
      : "Press Stop qdrant. It is the vector database that every search needs; nothing real is harmed.",
    target: (facts) => facts.isBroken ? wayToQuiet() : breakButton(),
    isDone: (facts) => Boolean(facts.card),
  },
  {
    title: "Take the incident",
    text: () => "One card for one incident, always up to date. Press Acknowledge: it turns amber and says that you have it.",
    target: onCard("ack"),
    isDone: (facts) => facts.isTaken,
  },
  {
    title: "Ask for a restart",
    text: () => "The card offers what fits. Press Restart qdrant…: that makes a plan and changes nothing yet.",
    target: onCard("restart"),
    isDone: (facts) => facts.isAsked,
  },
  {
    title: "Try to approve it yourself",
    text: () => "The plan is in the incident's thread: its steps, what it interrupts, how to undo it. Press Approve and see what happens.",
    target: approveButton,
    isDone: (facts) => facts.isRefused,
  },
  {
    title: "Be somebody else",
    text: () => "Nobody approves their own request. Choose Chi, who is an approver, under Act as.",
    target: () => isShown($("#people")) ? $(`#people [data-user="${SECOND_PERSON}"]`) : $("#act-as"),
    isDone: (facts) => facts.isSecond,
  },
  {
    title: "Approve as the second person",
    text: () => "Chi sees the same plan. This yes counts, for this plan and no other: press Approve.",
    target: approveButton,
    isDone: (facts) => facts.isApproved,
  },
  {
    title: "Watch it heal",
    text: () => "The run writes each step into the thread. Once Qdrant answers, its alert ends and the card turns green by itself.",
    target: (facts) => isShown($("#replies")) ? $("#thread .bar") : wayToCard(facts) ?? inChannel(facts.card.message.ts),
    isDone: (facts) => facts.isResolved,
  },
];

export const END = {
  title: "That was the whole path",
  text: () => "Alert, evidence, plan, second pair of eyes, run, resolved. Next: type /ops status, open the app's home, or break something worse.",
  target: () => isShown($("#composer-text")) ? $("#composer") : null,
};
