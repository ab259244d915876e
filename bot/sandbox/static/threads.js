// The pane beside the channel: one message and what was said under it.

import { drawMessages, keepOneStop } from "./messages.js";
import { showPane, pane } from "./navigation.js";
import { HOME, currentChannel, place, repliesOf } from "./store.js";

const $ = (id) => document.getElementById(id);

export function drawThread() {
  const channel = place.channel === HOME ? null : currentChannel();
  const parent = place.thread && channel?.messages.find((message) => message.ts === place.thread);
  $("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) {
    if (pane() === "thread") showPane("channel");
    return;
  }
  $("thread-of").textContent = channel.is_im ? channel.name : `# ${channel.name}`;
  drawMessages($("replies"), channel, [parent, ...repliesOf(channel, parent.ts)], { thread: parent.ts, empty: { print: "", build: () => [] } });
  keepOneStop($("replies"));
}
