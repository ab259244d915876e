// Block Kit as DOM nodes. `use(element, block, choice)` is called when a person presses or chooses something.

import { h, svg } from "./dom.js";
import { emoji, formatDate, link, mention, mrkdwn, plainText } from "./mrkdwn.js";

export function textObject(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : [plainText(object.text)];
}

export function renderBlocks(blocks, use) {
  return h("div", { class: "blocks" }, (blocks ?? []).map((block) => (RENDER[block.type] ?? unknown)(block, use)));
}

export function renderAttachments(attachments, use) {
  return (attachments ?? []).map((attachment) => {
    const node = h("div", { class: "attachment" }, attachment.blocks ? renderBlocks(attachment.blocks, use) : legacy(attachment));
    node.style.borderInlineStartColor = color(attachment.color);
    return node;
  });
}

function legacy(attachment) {
  return [
    attachment.pretext ? h("p", {}, mrkdwn(attachment.pretext)) : null,
    attachment.title ? h("p", {}, h("strong", {}, attachment.title_link ? link(attachment.title_link, attachment.title) : attachment.title)) : null,
    attachment.text ? h("p", {}, mrkdwn(attachment.text)) : null,
    attachment.footer ? h("p", { class: "context" }, attachment.footer) : null,
  ];
}

function color(value) {
  const named = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
  const hex = named[value] ?? (/^#?[0-9a-f]{3,6}$/i.test(value ?? "") ? `#${value.replace("#", "")}` : "");
  return hex || "var(--line-strong)";
}

const RENDER = {
  section: (block, use) => h("div", { class: "section" },
    h("div", { class: "section-body" },
      block.text ? h("div", { class: "text" }, textObject(block.text)) : null,
      block.fields ? h("div", { class: "fields" }, block.fields.map((field) => h("div", {}, textObject(field)))) : null),
    block.accessory ? h("div", { class: "accessory" }, element(block.accessory, block, use)) : null),
  header: (block) => h("h3", { class: "header" }, textObject(block.text)),
  divider: () => h("hr"),
  context: (block) => h("div", { class: "context" }, block.elements.map((item) => h("span", {}, item.type === "image" ? image(item, "tiny") : textObject(item)))),
  actions: (block, use) => h("div", { class: "actions" }, block.elements.map((item) => element(item, block, use))),
  context_actions: (block, use) => h("div", { class: "actions" }, block.elements.map((item) => element(item, block, use))),
  image: (block) => h("figure", {}, block.title ? h("figcaption", {}, textObject(block.title)) : null, image(block)),
  rich_text: (block) => h("div", { class: "rich" }, block.elements.map(richPart)),
  markdown: (block) => h("pre", { class: "markdown" }, block.text),
  table: (block) => table(block.rows, null),
  data_table: (block) => table(block.rows, block.caption),
  data_visualization: (block) => chart(block),
  alert: (block) => h("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, textObject(block.text)),
  container: (block, use) => h("div", { class: "container" },
    block.title ? h("h3", { class: "header" }, textObject(block.title)) : null,
    block.subtitle ? h("div", { class: "context" }, textObject(block.subtitle)) : null,
    renderBlocks(block.child_blocks, use)),
  input: (block) => h("div", { class: "context" }, `${plainText(block.label.text)} (an input; it works in modals)`),
};

function unknown(block) {
  return h("details", { class: "unknown", open: true }, h("summary", {}, `Block of type “${block.type}”`), h("pre", {}, JSON.stringify(block, null, 2)));
}

function image(item, size = "") {
  const source = item.slack_file?.id ? `/files/${item.slack_file.id}` : item.image_url;
  const isOwn = source && new URL(source, location.href).origin === location.origin;
  if (isOwn) return h("img", { src: source, alt: item.alt_text, class: size, loading: "lazy" });
  return h("span", { class: "context" }, "Image elsewhere: ", link(source ?? "", item.alt_text));
}

function element(item, block, use) {
  const render = ELEMENT[item.type];
  if (render) return render(item, block, use);
  return h("span", { class: "context" }, `[${item.type}: use it in Slack]`);
}

const ELEMENT = {
  button: (item, block, use) => h("button", {
    type: "button", class: `kit ${item.style ?? ""}`, "aria-label": item.accessibility_label,
    onclick: () => { use(item, block); if (item.url) window.open(item.url, "_blank", "noopener"); },
  }, textObject(item.text)),
  image: (item) => image(item, "thumb"),
  overflow: (item, block, use) => menu(item.options, (option) => use(item, block, option.value)),
  static_select: (item, block, use) => select(item, (value) => use(item, block, value)),
  radio_buttons: (item, block, use) => select(item, (value) => use(item, block, value)),
  multi_static_select: (item, block, use) => select(item, (value) => use(item, block, [value])),
  users_select: (item, block, use) => peopleSelect(item, (value) => use(item, block, value)),
  datepicker: (item, block, use) => h("input", { type: "date", value: item.initial_date ?? "", "aria-label": plainText(item.placeholder?.text ?? "Date"), onchange: (event) => use(item, block, event.target.value) }),
  timepicker: (item, block, use) => h("input", { type: "time", value: item.initial_time ?? "", "aria-label": plainText(item.placeholder?.text ?? "Time"), onchange: (event) => use(item, block, event.target.value) }),
  checkboxes: (item, block, use) => {
    const box = h("fieldset", { class: "choices" }, item.options.map((option) => h("label", {},
      h("input", { type: "checkbox", value: option.value, checked: (item.initial_options ?? []).some((one) => one.value === option.value),
        onchange: () => use(item, block, [...box.querySelectorAll("input:checked")].map((input) => input.value)) }),
      textObject(option.text))));
    return box;
  },
};

export function optionNodes(item, chosen) {
  const nodes = (options) => (options ?? []).map((option) => h("option", { value: option.value, selected: option.value === chosen }, plainText(option.text.text)));
  return item.option_groups ? item.option_groups.map((group) => h("optgroup", { label: plainText(group.label.text) }, nodes(group.options))) : nodes(item.options);
}

function select(item, choose) {
  const label = plainText(item.placeholder?.text ?? "Choose an option");
  const chosen = item.initial_option?.value;
  return h("select", { class: "kit", "aria-label": label, onchange: (event) => event.target.value && choose(event.target.value) },
    chosen ? null : h("option", { value: "" }, label), optionNodes(item, chosen));
}

let people = [];
export function setPeople(seen) {
  people = seen.people.filter((person) => person.part !== "bot");
}

export function personOptions(chosen) {
  return people.map((person) => h("option", { value: person.id, selected: person.id === chosen }, person.real_name));
}

function peopleSelect(item, choose) {
  const label = plainText(item.placeholder?.text ?? "Select a person");
  return h("select", { class: "kit", "aria-label": label, onchange: (event) => event.target.value && choose(event.target.value) },
    h("option", { value: "" }, label), personOptions(item.initial_user));
}

// A button with a list under it; closes on choice, on Escape and when focus leaves.
export function menu(options, choose, label = "More actions") {
  const list = h("ul", { class: "menu-list", hidden: true }, options.map((option) => h("li", {},
    h("button", { type: "button", onclick: () => { close(); choose(option); } }, textObject(option.text)))));
  const toggle = h("button", { type: "button", class: "kit more", "aria-label": label, "aria-expanded": "false", onclick: () => (list.hidden ? open() : close()) }, "⋯");
  const box = h("div", { class: "menu", onkeydown: (event) => { if (event.key === "Escape") { close(); toggle.focus(); } },
    onfocusout: (event) => { if (!box.contains(event.relatedTarget)) close(); } }, toggle, list);
  const open = () => {
    list.hidden = false;
    toggle.setAttribute("aria-expanded", "true");
    list.classList.toggle("to-left", list.getBoundingClientRect().right > window.innerWidth - 8);
  };
  const close = () => { list.hidden = true; toggle.setAttribute("aria-expanded", "false"); };
  return box;
}

function richPart(part) {
  switch (part.type) {
    case "rich_text_preformatted": return h("pre", {}, part.elements.map(richInline));
    case "rich_text_quote": return h("blockquote", {}, part.elements.map(richInline));
    case "rich_text_list": return h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent ?? 0}`, start: part.offset ? part.offset + 1 : null }, part.elements.map((item) => h("li", {}, item.elements.map(richInline))));
    default: return h("div", { class: "text" }, part.elements.map(richInline));
  }
}

function richInline(item) {
  const style = item.style ?? {};
  let node = richLeaf(item);
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

function richLeaf(item) {
  switch (item.type) {
    case "text": return document.createTextNode(item.text);
    case "link": return link(item.url, item.text);
    case "user": return mention(item.user_id);
    case "channel": return mention(item.channel_id, "channel");
    case "usergroup": return mention(item.usergroup_id, "group");
    case "broadcast": return mention(item.range, "broadcast");
    case "emoji": return document.createTextNode(emoji(`:${item.name}:`));
    case "date": return h("time", { title: item.fallback }, formatDate(new Date(item.timestamp * 1000), item.format));
    default: return document.createTextNode(`[${item.type}]`);
  }
}

function table(rows, caption) {
  const cell = (value) => value.type === "rich_text" ? value.elements.map(richPart) : String(value.text ?? value.value ?? "");
  const [head, ...body] = rows;
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption ?? "Table" }, h("table", {},
    caption ? h("caption", {}, caption) : null,
    h("thead", {}, h("tr", {}, head.map((value) => h("th", { scope: "col" }, cell(value))))),
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((value) => h("td", {}, cell(value))))))));
}

function chart(block) {
  const { chart: spec, title } = block;
  if (spec.type === "pie") {
    return table([[{ text: "Part" }, { text: "Value" }], ...spec.segments.map((slice) => [{ text: slice.label }, { value: slice.value }])], title);
  }
  const width = 480, height = 160, pad = 8;
  const values = spec.series.flatMap((series) => series.data.map((point) => point.value));
  const low = Math.min(0, ...values), high = Math.max(...values, low + 1e-9);
  const categories = spec.axis_config.categories;
  const x = (index) => pad + (index + 0.5) * (width - 2 * pad) / categories.length;
  const y = (value) => height - pad - (value - low) * (height - 2 * pad) / (high - low);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${summary(spec)}` });
  spec.series.forEach((series, number) => {
    const points = categories.map((category, index) => [x(index), y(series.data.find((point) => point.label === category)?.value ?? low)]);
    if (spec.type === "bar") {
      const step = (width - 2 * pad) / categories.length / (spec.series.length + 1);
      points.forEach(([left, top]) => drawing.append(svg("rect", { class: `series s${number % 4}`, x: left + (number - spec.series.length / 2) * step, y: top, width: step * 0.9, height: y(low) - top })));
      return;
    }
    const path = points.map(([left, top]) => `${left},${top}`).join(" ");
    if (spec.type === "area") drawing.append(svg("polygon", { class: `area s${number % 4}`, points: `${points[0][0]},${y(low)} ${path} ${points.at(-1)[0]},${y(low)}` }));
    drawing.append(svg("polyline", { class: `line s${number % 4}`, points: path }));
  });
  return h("figure", { class: "chart" }, h("figcaption", {}, title), drawing,
    h("div", { class: "axis" }, h("span", {}, categories[0]), h("span", {}, spec.axis_config.x_label ?? ""), h("span", {}, categories.at(-1))),
    h("div", { class: "context" }, spec.series.map((series, number) => h("span", { class: `key s${number % 4}` }, series.name)), h("span", {}, `${trim(low)} to ${trim(high)} ${spec.axis_config.y_label ?? ""}`)));
}

function summary(spec) {
  return spec.series.map((series) => `${series.name} from ${trim(series.data[0].value)} to ${trim(series.data.at(-1).value)}`).join("; ");
}

function trim(value) {
  return Number(value.toPrecision(4)).toString();
}
