// A select whose options the app gives while a person types; the view around it says whom to ask.

import { h, newId } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { me } from "./references.js";

const PAUSE_MS = 150;

export function externalSelect(element, { held, changed, name, placeholder }) {
  const isMulti = element.type.startsWith("multi_");
  const label = name ?? (placeholder || "Search");
  const listId = newId("suggested");
  let chosen = (element.initial_options ?? (element.initial_option ? [element.initial_option] : [])).filter((option) => !held || [held].flat().includes(option.value));
  if (held && !chosen.length && typeof held === "object") chosen = [held].flat();
  let pause = null;
  let asked = 0;
  const tokens = h("span", { class: "tokens" });
  const note = h("p", { class: "hint", role: "status" });
  const list = h("ul", { class: "bk-suggested", id: listId, role: "listbox", "aria-label": label, hidden: true });
  const input = h("input", { type: "text", class: "bk-input", role: "combobox", autocomplete: "off", placeholder: placeholder || "Type to search",
    "aria-label": label, "aria-controls": listId, "aria-expanded": "false", "aria-autocomplete": "list",
    oninput: () => { clearTimeout(pause); pause = setTimeout(ask, PAUSE_MS); },
    onfocus: () => { if (!(element.min_query_length ?? 3)) ask(); }, onkeydown: walk });
  const node = h("div", { class: "bk-external", onfocusout: (event) => { if (!node.contains(event.relatedTarget)) close(); } }, tokens, input, list, note);
  node.read = () => (isMulti ? chosen : chosen[0] ?? null);
  draw();
  return node;

  function draw() {
    tokens.replaceChildren(...chosen.map((option) => h("span", { class: "token" }, plainText(option.text?.text ?? String(option)),
      h("button", { type: "button", "aria-label": `Remove ${plainText(option.text?.text ?? String(option))}`, onclick: () => settle(chosen.filter((one) => one !== option)) }, "✕"))));
  }

  function settle(next) {
    chosen = next;
    draw();
    changed(node.read());
  }

  async function ask() {
    const view = node.closest("[data-view]")?.dataset.view;
    if (!view) return say("The stand-in asks the app for options in modals only.");
    if (input.value.length < (element.min_query_length ?? 3)) return close();
    asked += 1;
    const mine = asked;
    const body = JSON.stringify({ user: me(), view_id: view, action_id: element.action_id, value: input.value });
    const response = await fetch("/control/suggest", { method: "POST", headers: { "content-type": "application/json" }, body });
    const answer = await response.json();
    if (mine !== asked) return undefined;
    return response.ok ? offer(answer) : say(answer.error ?? "The app did not answer.");
  }

  function say(words) {
    close();
    note.textContent = words;
  }

  function offer(options) {
    list.replaceChildren(...options.map((option) => h("li", { role: "option", id: newId("option"), "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); pick(option); } }, plainText(option.text.text))));
    [...list.children].forEach((row, index) => { row.option = options[index]; });
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(options.length > 0));
    note.textContent = options.length ? "" : "No results";
  }

  function pick(option) {
    input.value = "";
    close();
    settle(isMulti ? [...chosen, option] : [option]);
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function walk(event) {
    const rows = [...list.children];
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && !list.hidden) {
      event.preventDefault();
      const next = rows[(at + (event.key === "ArrowDown" ? 1 : rows.length - 1 + (at < 0 ? 1 : 0))) % rows.length];
      for (const row of rows) row.setAttribute("aria-selected", String(row === next));
      input.setAttribute("aria-activedescendant", next.id);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at >= 0 && !list.hidden) pick(rows[at].option);
    }
  }
}
