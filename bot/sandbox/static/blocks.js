// Block Kit as DOM nodes. `use(element, block, choice)` is called when a person presses or chooses something.

import { attachment } from "./attachments.js";
import { alertBlock, card, carousel, container } from "./cards.js";
import { chartBlock } from "./charts.js";
import { h } from "./dom.js";
import { element } from "./elements.js";
import { inputBlock } from "./inputs.js";
import { markdown } from "./markdown.js";
import { fileBlock, imageBlock, pictureElement, videoBlock } from "./media.js";
import { textObject } from "./mrkdwn.js";
import { plan, taskCard } from "./plans.js";
import { richText } from "./rich_text.js";
import { dataTable, tableBlock } from "./tables.js";

export { menu } from "./menu.js";
export { setNames as setPeople } from "./references.js";

export function renderBlocks(blocks, use) {
  return h("div", { class: "blocks" }, (blocks ?? []).map((block) => renderBlock(block, use)));
}

export function renderAttachments(attachments, use) {
  return (attachments ?? []).map((value) => attachment(value, value.blocks ? renderBlocks(value.blocks, use) : null));
}

export function renderBlock(block, use) {
  const node = (BLOCK[block.type] ?? unknown)(block, use);
  if (block.block_id) node.dataset.blockId = block.block_id;
  return node;
}

const BLOCK = {
  section,
  header: (block) => h(`h${Math.min((block.level ?? 1) + 2, 6)}`, { class: `bk-header level-${block.level ?? 2}` }, textObject(block.text)),
  divider: () => h("hr"),
  context: (block) => h("div", { class: "bk-context" }, block.elements.map((item) => (item.type === "image" ? pictureElement(item, "tiny") : h("span", {}, textObject(item))))),
  actions,
  context_actions: actions,
  image: imageBlock,
  video: videoBlock,
  file: fileBlock,
  rich_text: richText,
  markdown: (block) => h("div", { class: "bk-markdown" }, markdown(block.text)),
  table: tableBlock,
  data_table: dataTable,
  data_visualization: chartBlock,
  alert: alertBlock,
  card,
  carousel,
  container: (block, use) => container(block, renderBlocks(block.child_blocks, use)),
  plan,
  task_card: taskCard,
  input: (block, use) => inputBlock(block, { changed: (value) => use(block.element, block, value) }),
};

function section(block, use) {
  const accessory = block.accessory ? element(block.accessory, block, use) : null;
  return h("div", { class: "bk-section" },
    h("div", { class: "section-body" },
      block.text ? h("div", { class: "text" }, textObject(block.text)) : null,
      block.fields ? h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "text" }, textObject(field)))) : null),
    accessory ? h("div", { class: `accessory ${block.accessory.type}` }, accessory) : null);
}

function actions(block, use) {
  return h("div", { class: "bk-actions" }, block.elements.map((item) => element(item, block, use)));
}

function unknown(block) {
  return h("details", { class: "bk-unknown" }, h("summary", {}, `A block of type “${block.type}”: the stand-in does not draw it`), h("pre", {}, JSON.stringify(block, null, 2)));
}
