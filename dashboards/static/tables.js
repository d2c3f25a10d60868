// Destinations, movers, suspense, dead letters.

import { byId, fillRows, part, say } from "./dom.js";
import { age, change, clock, clockSpan, count, decimal, minutes, NONE, words } from "./format.js";

function destination(row, item) {
  const losing = item.margin !== null && item.margin.startsWith("-");
  row.classList.toggle("losing", losing);
  say(part(row, "name"), item.name);
  part(row, "name").title = item.name;
  part(row, "loss").hidden = !losing;
  say(part(row, "calls"), count(item.calls));
  say(part(row, "minutes"), minutes(item.billed_s));
  say(part(row, "sell"), decimal(item.sell));
  say(part(row, "buy"), decimal(item.buy));
  say(part(row, "margin"), item.margin === null ? NONE : decimal(item.margin));
  say(part(row, "percent"), item.margin_percent === null ? NONE : decimal(item.margin_percent, 1));
  row.title = item.foreign_calls
    ? `${item.foreign_calls} calls were bought in another currency: no margin in one currency`
    : "";
}

function reasons(body, items, nowMs) {
  fillRows(body, byId("reason-row"), items, (row, item) => {
    say(part(row, "reason"), words(item.reason));
    say(part(row, "calls"), count(item.calls));
    say(part(row, "minutes"), minutes(Number(item.seconds)));
    say(part(row, "newest"), age(nowMs - item.newest_ms));
  });
}

function deadLetter(row, item, nowMs) {
  say(part(row, "at"), clock(item.received_ms, nowMs, true));
  say(part(row, "reason"), words(item.reason));
  say(part(row, "field"), item.field || NONE);
  say(part(row, "value"), item.value || NONE);
  row.title = item.detail;
}

const tenths = (text) => decimal(text, 1);

function mover(row, item) {
  const name = `${item.customer} to ${item.destination}`;
  say(part(row, "name"), name);
  part(row, "name").title = name;
  say(part(row, "attempts"), count(item.attempts));
  part(row, "attempts").title = `the hour before: ${count(item.attempts_before)}`;
  say(part(row, "asr"), tenths(item.asr));
  part(row, "asr").title = `the hour before: ${tenths(item.asr_before)} %`;
  say(part(row, "asr-delta"), item.asr_delta === null ? NONE : change(item.asr_delta, tenths));
  say(part(row, "acd"), clockSpan(item.acd_s));
  part(row, "acd").title = `the hour before: ${clockSpan(item.acd_s_before)} min`;
  say(part(row, "acd-delta"), item.acd_delta_percent === null ? NONE : change(item.acd_delta_percent, tenths));
  for (const [name, value] of [["asr-delta", item.asr_delta], ["acd-delta", item.acd_delta_percent]]) {
    part(row, name).classList.toggle("worse", value !== null && Number(value) <= -5);
  }
}

export function showTables(snapshot) {
  const { destinations, losing, suspense, dead, dead_last: last, now_ms: nowMs } = snapshot;
  const template = byId("destination-row");
  fillRows(byId("destinations-top"), template, destinations, destination);
  fillRows(byId("destinations-losing"), template, losing, destination);
  byId("destinations-none").hidden = destinations.length > 0;
  reasons(byId("suspense"), suspense, nowMs);
  reasons(byId("dead"), dead, nowMs);
  fillRows(byId("movers"), byId("mover-row"), snapshot.movers, mover);
  byId("movers-none").hidden = snapshot.movers.length > 0;
  say(byId("movers-min"), count(snapshot.movers_attempts_min));
  byId("suspense-none").hidden = suspense.length > 0;
  byId("dead-none").hidden = dead.length > 0;
  byId("dead-last-none").hidden = last.length > 0;
  byId("losing-note").hidden = losing.length === 0;
  fillRows(byId("dead-last"), byId("dead-row"), last, (row, item) => deadLetter(row, item, nowMs));
}
