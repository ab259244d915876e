// The simulated platform: what can be broken, what is broken, what its alerts do and how its services stand. Everything
// shown comes from the platform's own state.

import { h, reconcile } from "./dom.js";
import { keepingFocus } from "./focus.js";
import { change, onDraw, platform, refreshPlatform } from "./store.js";

const $ = (id) => document.getElementById(id);
const LOOK_EVERY_MS = 1500;
const STATUS = { running: ["●", "good"], starting: ["◐", "warn"], stopped: ["■", "bad"] };
const ALERT = { firing: ["▲", "bad", "fires"], pending: ["◔", "warn", "pending"] };

let told = null; // what was broken last: its hint is shown until it is mended

// A platform that does not say what can be broken has one service that can: the one everything depends on.
function breaks() {
  if (platform.breaks) return platform.breaks;
  const active = platform.services?.qdrant?.broken ?? false;
  return platform.services?.qdrant
    ? [{ service: "qdrant", kind: "stop", label: "Stop qdrant", mend_label: "Start qdrant", hint: "ServiceDown fires in about 10 s; searches fail meanwhile.", active }]
    : [];
}

function drawPanel() {
  $("platform").hidden = !platform?.configured;
  if (!platform?.configured) return;
  $("platform-note").textContent = platform.error ?? platform.note ?? "";
  keepingFocus($("breaks"), () => reconcile($("breaks"), breaks().map((one) => [keyOf(one), { ...one, told: told === keyOf(one) }]), breakNode));
  drawAlerts();
  drawServices();
}

const keyOf = (one) => `${one.service}/${one.kind}`;

// One button for a break and its mending: it says what pressing it does.
function breakNode(one) {
  const id = `hint-${one.service}-${one.kind}`;
  return h("li", { class: one.active ? "active" : "" },
    h("button", { type: "button", "data-break": keyOf(one), "aria-describedby": id, title: one.hint, onclick: () => press(one) },
      h("span", { class: "break-sign", "aria-hidden": "true" }, one.active ? "↺" : "⚡"), h("span", {}, one.active ? one.mend_label : one.label),
      one.active ? h("span", { class: "broken" }, "broken") : null),
    h("p", { class: one.active && told === keyOf(one) ? "break-news" : "hidden", id }, one.hint));
}

async function press(one) {
  const answer = await change(one.active ? "mend" : "break", { service: one.service, kind: one.kind });
  if (answer.error) return;
  told = one.active ? null : keyOf(one);
  $("announcer").textContent = one.active ? "" : one.hint;
  drawPanel();
}

function drawAlerts() {
  const live = (platform.alerts ?? []).filter((alert) => alert.state in ALERT);
  reconcile($("alerts"), live.map((alert) => [JSON.stringify(alert.labels), [alert.alertname, alert.labels.job ?? "", alert.state]]), ([name, job, state]) => {
    const [sign, tone, words] = ALERT[state];
    return h("li", { class: tone, title: job }, h("span", { "aria-hidden": "true" }, sign), h("span", {}, h("b", {}, name), ` ${words}`));
  });
}

// Those that are not well are always in sight, the others behind the summary.
function drawServices() {
  const services = Object.entries(platform.services ?? {});
  const isWell = ([, service]) => service.status === "running" && !service.broken;
  const well = services.filter(isWell);
  $("services").hidden = !services.length;
  $("services-summary").textContent = well.length === services.length ? `All ${well.length} services run` : `${well.length} of ${services.length} services are well`;
  const entry = ([name, service]) => [name, { name, ...service }];
  reconcile($("troubled"), services.filter((one) => !isWell(one)).map(entry), serviceNode);
  reconcile($("service-list"), well.map(entry), serviceNode);
}

function serviceNode({ name, status, broken }) {
  const isLame = status === "running" && broken;
  const [sign, tone] = isLame ? ["▲", "warn"] : STATUS[status] ?? ["◇", "warn"];
  return h("div", { class: tone }, h("dt", {}, name), h("dd", {}, h("span", { "aria-hidden": "true" }, sign), isLame ? " running, broken" : ` ${status}`));
}

export function startPanel() {
  onDraw(drawPanel);
  refreshPlatform();
  setInterval(() => { if (!document.hidden && (platform?.configured ?? true)) refreshPlatform(); }, LOOK_EVERY_MS);
}
