// Tables: `table` with its column settings, and `data_table` that sorts, filters and pages.

import { h, newId } from "./dom.js";
import { richParts } from "./rich_text.js";

const PAGE_SIZE = 5;

function cellText(cell) {
  if (!cell) return "";
  if (cell.type !== "rich_text") return String(cell.text ?? cell.value ?? "");
  const text = (item) => item.text ?? item.elements?.map(text).join(" ") ?? item.name ?? item.user_id ?? "";
  return text(cell);
}

function cellNodes(cell) {
  return cell?.type === "rich_text" ? richParts(cell.elements) : cellText(cell);
}

export function tableBlock(block) {
  const [head, ...body] = block.rows;
  const looks = (index) => {
    const settings = block.column_settings?.[index];
    return `align-${settings?.align ?? "left"}${settings?.is_wrapped ? " wrapped" : ""}`;
  };
  const row = (cells, tag, scope) => h("tr", {}, cells.map((cell, index) => h(tag, { scope, class: looks(index) }, cellNodes(cell))));
  return box("Table", h("table", { class: "bk-table" }, h("thead", {}, row(head, "th", "col")), h("tbody", {}, body.map((cells) => row(cells, "td")))));
}

// Wide tables scroll inside their own box, which the keyboard reaches.
function box(label, table) {
  return h("div", { class: "bk-table-box", tabindex: "0", role: "region", "aria-label": label }, table);
}

export function dataTable(block) {
  const [head, ...body] = block.rows;
  const size = block.page_size ?? PAGE_SIZE;
  const naming = block.row_header_column_index ?? 0;
  const state = { column: null, direction: 1, filter: "", page: 0 };
  const isNumeric = head.map((_, index) => body.every((row) => row[index]?.type === "raw_number"));
  const captionId = newId("caption");
  const rows = h("tbody");
  const heads = head.map((cell, index) => h("th", { scope: "col", class: isNumeric[index] ? "align-right" : "align-left" },
    h("button", { type: "button", class: "sort", onclick: () => sortBy(index) }, cellText(cell), h("span", { class: "arrow", "aria-hidden": "true" }, "↕"))));
  const place = h("span", { role: "status" });
  const back = h("button", { type: "button", class: "kit small", "aria-label": "Previous page", onclick: () => turn(-1) }, "‹");
  const forth = h("button", { type: "button", class: "kit small", "aria-label": "Next page", onclick: () => turn(1) }, "›");
  const filter = h("input", { type: "search", class: "bk-input filter", placeholder: "Filter", "aria-label": `Filter: ${block.caption}`,
    oninput: () => { Object.assign(state, { filter: filter.value.toLowerCase(), page: 0 }); draw(); } });
  const node = h("div", { class: "bk-data-table" },
    h("div", { class: "table-bar" }, h("span", { class: "table-caption", id: captionId }, block.caption), filter),
    box(block.caption, h("table", { class: "bk-table", "aria-labelledby": captionId }, h("thead", {}, h("tr", {}, heads)), rows)),
    h("div", { class: "table-foot" }, place, h("span", { class: "table-pages" }, back, forth)));
  draw();
  return node;

  function sortBy(index) {
    const next = state.column !== index ? { column: index, direction: 1 } : state.direction === 1 ? { direction: -1 } : { column: null, direction: 1 };
    Object.assign(state, next, { page: 0 });
    draw();
  }

  function turn(step) {
    state.page += step;
    draw();
  }

  function draw() {
    const shown = sorted(body.filter((row) => row.some((cell) => cellText(cell).toLowerCase().includes(state.filter))), state);
    const pages = Math.max(1, Math.ceil(shown.length / size));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * size;
    rows.replaceChildren(...shown.slice(first, first + size).map((row) => h("tr", {}, row.map((cell, index) =>
      h(index === naming ? "th" : "td", { scope: index === naming ? "row" : null, class: isNumeric[index] ? "align-right" : "align-left" }, cellNodes(cell))))));
    place.textContent = shown.length ? `${first + 1}–${Math.min(first + size, shown.length)} of ${shown.length}` : "No rows match";
    back.disabled = state.page === 0;
    forth.disabled = state.page === pages - 1;
    heads.forEach((header, index) => {
      const isSorted = index === state.column;
      header.setAttribute("aria-sort", !isSorted ? "none" : state.direction > 0 ? "ascending" : "descending");
      header.querySelector(".arrow").textContent = !isSorted ? "↕" : state.direction > 0 ? "↑" : "↓";
    });
  }
}

function sorted(rows, { column, direction }) {
  if (column === null) return rows;
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  return rows.toSorted((left, right) => {
    const [a, b] = [left[column], right[column]];
    const order = a.type === "raw_number" && b.type === "raw_number" ? a.value - b.value : compare(cellText(a), cellText(b));
    return order * direction;
  });
}
