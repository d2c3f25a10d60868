// Fraud alerts: nothing done yet first, then the dearest.

import { byId, fillRows, part, say } from "./dom.js";
import { age, decimal, NONE, words } from "./format.js";

export function showAlerts({ alerts, alerts_count: count, now_ms: nowMs }) {
  byId("alerts-card").hidden = alerts.length === 0;
  const more = count - alerts.length;
  say(byId("alerts-more"), more > 0 ? `${more} more are not shown · ` : "");
  fillRows(byId("alerts-rows"), byId("alert-row"), alerts, (row, item) => {
    row.dataset.severity = item.severity;
    row.classList.toggle("answered", !["", "refused"].includes(item.done));
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
    say(part(row, "id"), item.id);
    part(row, "id").href = `/alerts/${item.id}`;
  });
}
