// Who sits at the page: a menu of the five people with what each may do, and a hint when somebody else is waited for.

import { avatar } from "./avatars.js";
import { h, reconcile } from "./dom.js";
import { userName } from "./mrkdwn.js";
import { actAs } from "./navigation.js";
import { people, place } from "./store.js";
import { callsWaiting, isRequestWaiting } from "./unread.js";

const $ = (id) => document.getElementById(id);

// Longest first: "owner, approver" is an owner.
const MAY = [
  ["admin", "reads the audit, clears a freeze, breaks the glass"],
  ["owner", "owns the platform: the second yes where two are needed"],
  ["approver", "says yes or no to what others ask for"],
  ["operator", "takes incidents, asks for what changes something"],
  ["viewer", "looks at everything, changes nothing"],
];

const mayOf = (person) => person.deleted ? "deactivated" : MAY.find(([part]) => person.part.includes(part))?.[1] ?? "";

export function drawPeople() {
  const me = people().find((person) => person.id === place.user);
  const button = $("act-as");
  reconcile(button, [["me", me]], () => h("span", { class: "me" }, avatar(me.id, "medium"),
    h("span", { class: "me-words" }, h("span", { class: "soft" }, "Acting as"), h("b", {}, me.real_name), h("span", { class: "part" }, me.part))));
  button.dataset.user = me.id;
  button.setAttribute("aria-label", `Act as: ${me.real_name}, ${me.part}`);
  reconcile($("people"), people().map((person) => [person.id, { ...person, current: person.id === place.user, calls: person.id === place.user ? 0 : callsWaiting(person.id) }]), personNode);
  drawNudge();
}

function personNode(person) {
  return h("button", { type: "button", role: "menuitemradio", "aria-checked": String(person.current), "data-user": person.id, tabindex: "-1", onclick: () => choose(person.id) },
    avatar(person.id, "medium"),
    h("span", { class: "person-words" },
      h("span", {}, h("b", {}, person.real_name), " ", h("span", { class: "part" }, person.part)),
      h("span", { class: "soft" }, mayOf(person))),
    person.calls ? h("span", { class: "badge mentions" }, String(person.calls), h("span", { class: "hidden" }, " waiting")) : null,
    person.current ? h("span", { class: "check", "aria-hidden": "true" }, "✓") : null);
}

// One line in the bar: for whom a request waits; pressing it lets them sit down.
function drawNudge() {
  const person = people().find((one) => one.id !== place.user && isRequestWaiting(one.id));
  $("nudge").hidden = !person;
  if (!person) return;
  $("nudge").dataset.user = person.id;
  reconcile($("nudge"), [["nudge", person.id]], () => h("span", {}, avatar(person.id, "small"),
    h("span", {}, `${person.real_name} has a request waiting`)));
}

// -- the menu ---------------------------------------------------------------------------------------------------------

function choose(user) {
  close();
  $("act-as").focus();
  actAs(user);
}

function open() {
  $("people").hidden = false;
  $("act-as").setAttribute("aria-expanded", "true");
  $("people").querySelector('[aria-checked="true"]')?.focus();
}

function close() {
  $("people").hidden = true;
  $("act-as").setAttribute("aria-expanded", "false");
}

function byKey(event) {
  const items = [...$("people").children];
  const at = items.indexOf(document.activeElement);
  if (event.key === "Escape") {
    event.stopPropagation();
    close();
    $("act-as").focus();
    return;
  }
  const letter = event.key.length === 1 ? items.find((item) => userName(item.dataset.user).startsWith(event.key.toLowerCase())) : null;
  const to = { ArrowDown: items[(at + 1) % items.length], ArrowUp: items.at(at - 1), Home: items[0], End: items.at(-1) }[event.key] ?? letter;
  if (!to) return;
  event.preventDefault();
  to.focus();
}

export function startPeople() {
  $("act-as").addEventListener("click", () => ($("people").hidden ? open() : close()));
  $("act-as").addEventListener("keydown", (event) => { if (event.key === "ArrowDown") { event.preventDefault(); open(); } });
  $("people").addEventListener("keydown", byKey);
  $("actor").addEventListener("focusout", (event) => { if (!$("actor").contains(event.relatedTarget)) close(); });
  $("nudge").addEventListener("click", () => actAs($("nudge").dataset.user));
}
