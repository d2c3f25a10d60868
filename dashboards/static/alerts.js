// Fraud alerts: nothing done yet first, then what nobody looks after, then the dearest. One of them
// is chosen, by its name and not by its place: the list changes while somebody looks at it.

import { byId, fillRows, part, say } from "./dom.js";
import { age, clock, decimal, NONE, words } from "./format.js";
import { send } from "./send.js";

const body = byId("alerts-rows");
let items = [];
let chosen = null;

const rowOf = (id) => body.rows[items.findIndex((item) => item.id === id)];

function lookedAfter(item, nowMs) {
  if (item.state === "open") return "nobody";
  if (item.state === "acked") return item.owner;
  return item.state === "closed" ? `closed, ${item.owner}` : `${item.owner}, aside to ${clock(item.until_ms, nowMs)}`;
}

function fill(row, item, nowMs) {
  row.dataset.severity = item.severity;
  row.dataset.alert = item.id;
  row.classList.toggle("answered", !["", "refused"].includes(item.done) || ["shelved", "closed"].includes(item.state));
  const why = item.reasons.map(words).join(", ");
  say(part(row, "severity"), item.severity);
  say(part(row, "family"), words(item.family));
  say(part(row, "subject"), item.subject);
  say(part(row, "reasons"), why);
  part(row, "reasons").title = why;
  say(part(row, "block"), item.block.join(", ") || NONE);
  say(part(row, "money"), `${decimal(item.money)} ${item.currency}`);
  say(part(row, "risk"), `${decimal(item.at_risk_per_h)} ${item.currency}`);
  say(part(row, "age"), age(nowMs - item.raised_ms));
  say(part(row, "done"), words(item.done) || "nothing");
  const owner = lookedAfter(item, nowMs);
  say(part(row, "owner"), owner);
  part(row, "owner").title = owner;
  say(part(row, "id"), item.id);
  part(row, "id").href = `/alerts/${item.id}`;
}

function mark() {
  for (const row of body.rows) {
    const own = row.dataset.alert === chosen;
    row.classList.toggle("chosen", own);
    row.tabIndex = own ? 0 : -1;
    if (own) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

export function showAlerts({ alerts, alerts_count: count, now_ms: nowMs }) {
  byId("alerts-card").hidden = alerts.length === 0;
  const more = count - alerts.length;
  say(byId("alerts-more"), more > 0 ? `${more} more are not shown · ` : "");
  const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
  const onLink = focused !== null && document.activeElement !== focused;
  const held = focused?.dataset.alert;
  items = alerts;
  fillRows(body, byId("alert-row"), alerts, (row, item) => fill(row, item, nowMs));
  if (!items.some((item) => item.id === chosen)) chosen = items[0]?.id ?? null;
  mark();
  // The focus stays with its alert, which may be in another row now.
  if (held && focused.dataset.alert !== held) (onLink ? rowOf(held)?.querySelector("a") : rowOf(held))?.focus();
}

function choose(step) {
  const at = items.findIndex((item) => item.id === chosen);
  chosen = items[Math.min(items.length - 1, Math.max(0, at + step))].id;
  mark();
  rowOf(chosen).focus();
}

async function acknowledge(item) {
  say(byId("alert-said"), `Acknowledging ${item.id}`);
  try {
    await send("POST", `/v1/alerts/${item.id}/triage`, { step: "ack" }, item.tag);
    say(byId("alert-said"), `Acknowledged ${item.id}`);
  } catch (error) {
    say(byId("alert-said"), error.message);
  }
}

/** Keys of the table; `may`: whether this person may change something. */
export function alertKeys() {
  if (!byId("alerts").hasAttribute("data-may")) return;
  body.addEventListener("focusin", (event) => {
    chosen = event.target.closest("tr").dataset.alert;
    mark();
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !items.length) return;
    if (event.target.closest("input, select, textarea, dialog")) return;
    const item = items.find((each) => each.id === chosen);
    const inside = body.contains(event.target);
    const acts = {
      a: () => acknowledge(item),
      s: () => location.assign(`/alerts/${item.id}#aside`),
      b: () => location.assign(`/alerts/${item.id}#block`),
      ...(inside || event.target === document.body ? { ArrowDown: () => choose(inside ? 1 : 0), ArrowUp: () => choose(inside ? -1 : 0) } : {}),
      ...(inside && event.target.tagName === "TR" ? { Enter: () => location.assign(`/alerts/${item.id}`) } : {}),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}
