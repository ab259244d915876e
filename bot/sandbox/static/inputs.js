// Input blocks: label, field, hint and error, joined for those who cannot see; in modals, the home tab and messages.

import { h, newId } from "./dom.js";
import { field } from "./fields.js";
import { plainText } from "./mrkdwn.js";

// inputBlock(block, { held, error, changed }): the node's `read()` gives the field's value, `complaint()` what the
// client itself objects to, `show(error)` puts an error at the field.
export function inputBlock(block, { held, error = "", changed = null } = {}) {
  const { element, label, hint } = block;
  const input = field(element, { held, changed: block.dispatch_action ? changed : null, name: undefined });
  const ids = { label: newId("label"), note: newId("note"), hint: newId("hint") };
  const control = input.matches("input, textarea, select, fieldset") ? input : input.querySelector("summary, input") ?? input;
  control.id ||= newId("field");
  control.removeAttribute("aria-label");
  control.setAttribute("aria-labelledby", ids.label);
  control.setAttribute("aria-describedby", `${ids.note} ${ids.hint}`);
  if (!block.optional && control.matches("input, textarea, select")) control.setAttribute("aria-required", "true");
  const note = h("p", { id: ids.note, class: "error", role: "alert" });
  const node = h("div", { class: "bk-field", "data-block": block.block_id, "data-action": element.action_id },
    h(control.matches("input, textarea, select") ? "label" : "div", { class: "label", id: ids.label, for: control.matches("input, textarea, select") ? control.id : null },
      plainText(label.text, label.emoji !== false), block.optional ? h("span", { class: "optional" }, " (optional)") : null),
    input, note, h("p", { id: ids.hint, class: "hint" }, hint ? plainText(hint.text, hint.emoji !== false) : ""));
  node.control = control;
  node.read = () => input.read();
  node.complaint = () => complaint(element, input.read());
  node.show = (words) => {
    note.textContent = words;
    if (words) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  node.show(error);
  return node;
}

// What Slack's client objects to before it sends; empty when nothing. Empty fields are the workspace's to judge.
function complaint(element, value) {
  if (value === null || value === "" || value === undefined) return "";
  return COMPLAINT[element.type]?.(value, element) ?? "";
}

const COMPLAINT = {
  email_text_input: (value) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? "" : "Please enter a valid email address."),
  url_text_input: (value) => (URL.canParse(value) ? "" : "Please enter a valid URL."),
  number_input: (value, element) => {
    if (!/^-?\d+([.,]\d+)?$/.test(value)) return "Please enter a number.";
    const number = Number(value.replace(",", "."));
    if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
    if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter ${element.min_value} or more.`;
    if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter ${element.max_value} or less.`;
    return "";
  },
};
