// The guided tour: a ring around what to press and a few words beside it. It follows what happens and never holds it up:
// whoever does something else is simply met there.

import { h, reconcile } from "./dom.js";
import { keepingFocus } from "./focus.js";
import { onDraw, platform, seen } from "./store.js";
import { END, STEPS, observe } from "./tour_steps.js";

const $ = (id) => document.getElementById(id);
const FOLLOW_MS = 150;
const GAP_PX = 12;
const OFFERED = "tour.offered";
const KEPT = "tour";

const ring = h("div", { class: "ring", popover: "manual", "aria-hidden": "true" });
const bubble = h("section", { class: "bubble", id: "tour", popover: "manual", role: "dialog", "aria-label": "Tour", tabindex: "-1" });
let memory = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
let pointed = null;
let covered = false;

export function startTour() {
  localStorage.setItem(OFFERED, "yes");
  memory = { on: true };
  follow();
  bubble.querySelector(".call").focus({ preventScroll: true });
}

function endTour() {
  localStorage.setItem(OFFERED, "yes");
  memory = null;
  sessionStorage.removeItem(KEPT);
  follow();
}

// -> {step, of, title, text, target}, or null when there is nothing to say.
function current() {
  if (!seen || !platform?.configured || $("modal").open || $("keys").open) return null;
  if (memory?.on) return ofTour();
  if (localStorage.getItem(OFFERED) || seen.channels.some((channel) => channel.messages.length)) return null;
  return { title: "New here?", text: "Two minutes, seven steps: break a platform, and see two people mend it.", target: $("start-tour"), isOffer: true };
}

function ofTour() {
  const facts = observe(memory);
  sessionStorage.setItem(KEPT, JSON.stringify(memory));
  const at = STEPS.findIndex((step) => !step.isDone(facts));
  const step = at < 0 ? END : STEPS[at];
  const dialog = $("confirm").open ? $("confirm").querySelector("footer button:last-child") : null;
  return { number: at + 1, title: step.title, text: step.text(facts), target: dialog ?? step.target(facts), isEnd: at < 0 };
}

// -- showing ----------------------------------------------------------------------------------------------------------

function follow() {
  const now = current();
  if (!now) return hide();
  const { target, ...words } = now;
  keepingFocus(bubble, () => reconcile(bubble, [["words", words]], told));
  raise();
  if (target && target !== pointed) target.scrollIntoView({ block: "nearest", behavior: "instant" });
  pointed = target ?? null;
  place(target);
}

function told({ number, title, text, isOffer, isEnd }) {
  const quit = isOffer ? "Not now" : isEnd ? "Close" : "End the tour";
  return h("div", {},
    h("header", {},
      h("h2", {}, title),
      number ? h("span", { class: "count" }, `${number} of ${STEPS.length}`) : null),
    number ? h("div", { class: "progress", "aria-hidden": "true" }, STEPS.map((_, at) => h("i", { class: at < number ? "on" : "" }))) : null,
    h("p", { role: "status" }, text),
    h("footer", {},
      h("button", { type: "button", class: "quiet", onclick: endTour }, quit),
      isOffer ? h("button", { type: "button", class: "call", onclick: startTour }, "Take the tour")
        : isEnd ? null : h("button", { type: "button", class: "call", onclick: () => pointed?.focus() }, "Show me")));
}

// In the top layer, and above a dialog that has opened since.
function raise() {
  const isCovered = $("confirm").open;
  if (covered !== isCovered) for (const node of [ring, bubble]) if (node.matches(":popover-open")) node.hidePopover();
  covered = isCovered;
  for (const node of [ring, bubble]) if (!node.matches(":popover-open")) node.showPopover();
}

function hide() {
  pointed = null;
  for (const node of [ring, bubble]) if (node.matches(":popover-open")) node.hidePopover();
}

function place(target) {
  const spot = target?.getClientRects().length ? target.getBoundingClientRect() : null;
  ring.classList.toggle("none", !spot);
  if (spot) Object.assign(ring.style, { left: `${spot.left - 5}px`, top: `${spot.top - 5}px`, width: `${spot.width + 10}px`, height: `${spot.height + 10}px` });
  const { left, top } = beside(spot, bubble.offsetWidth, bubble.offsetHeight);
  Object.assign(bubble.style, { left: `${left}px`, top: `${top}px` });
}

// Below, above, or beside what is pointed at, wherever there is room; else in the corner away from it. What is read above
// a button in the right half, such as a plan, is not covered while there is room on the left.
function beside(spot, width, height) {
  const [right, bottom] = [innerWidth - width - GAP_PX, innerHeight - height - GAP_PX];
  const inside = (value, most) => Math.max(GAP_PX, Math.min(value, most));
  if (!spot) return { left: right, top: bottom };
  if (spot.bottom + GAP_PX <= bottom) return { left: inside(spot.left, right), top: spot.bottom + GAP_PX };
  const left = { left: spot.left - width - GAP_PX, top: inside(spot.top, bottom) };
  if (spot.left > innerWidth / 2 && left.left >= GAP_PX) return left;
  if (spot.top - height - GAP_PX >= GAP_PX) return { left: inside(spot.left, right), top: spot.top - height - GAP_PX };
  if (spot.right + GAP_PX <= right) return { left: spot.right + GAP_PX, top: inside(spot.top, bottom) };
  if (left.left >= GAP_PX) return left;
  return { left: right, top: spot.top + spot.height / 2 > innerHeight / 2 ? GAP_PX : bottom };
}

export function startTourOffer() {
  document.body.append(ring, bubble);
  bubble.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    endTour();
  });
  $("start-tour").addEventListener("click", startTour);
  onDraw(() => { $("start-tour").hidden = !platform?.configured; });
  onDraw(follow);
  setInterval(follow, FOLLOW_MS);
  for (const moved of ["scroll", "resize"]) addEventListener(moved, () => { if (pointed) place(pointed); }, { capture: true, passive: true });
}
