// `plan` and `task_card`: steps with their state, details, output and sources.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { richParts } from "./rich_text.js";
import { link } from "./references.js";

const STATES = { pending: ["Waiting", ""], in_progress: ["Under way", "▸"], complete: ["Done", "✓"], error: ["Failed", "✕"] };

export function plan(block) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((task) => task.status === "complete").length;
  return h("details", { class: "bk-plan", open: true },
    h("summary", {}, h("span", { class: "plan-title" }, emoji(block.title)), h("span", { class: "soft" }, ` ${done} of ${tasks.length} done`)),
    h("ol", {}, tasks.map((task) => h("li", {}, taskCard(task)))));
}

export function taskCard(block) {
  const status = block.status in STATES ? block.status : "in_progress";
  const [word, mark] = STATES[status];
  const head = [h("span", { class: `task-mark ${status}`, role: "img", "aria-label": word }, mark), h("span", { class: "task-title" }, emoji(block.title))];
  const more = [part("Details", block.details), part("Output", block.output), sources(block.sources)].filter(Boolean);
  if (!more.length) return h("div", { class: "bk-task" }, h("div", { class: "task-head" }, head));
  return h("details", { class: "bk-task", open: status === "error" || status === "in_progress" }, h("summary", { class: "task-head" }, head), h("div", { class: "task-body" }, more));
}

function part(name, content) {
  return content?.elements ? h("div", { role: "group", "aria-label": name }, richParts(content.elements)) : null;
}

function sources(list) {
  return list?.length ? h("p", { class: "soft" }, "Sources: ", list.map((source, index) => [index ? ", " : "", link(source.url, source.text ?? source.url)])) : null;
}
