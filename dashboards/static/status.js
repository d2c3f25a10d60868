// The top line: verdict, age of the data, the clock, and the banner over everything.

import { byId, say } from "./dom.js";
import { age, clock, date, NONE } from "./format.js";
import { shown as inZone, zone } from "./zone.js";

const STALE_MS = 30000;

// A screen reader hears the text, which stays as it is; the figures after it change all the time.
function banner(kind, text, figures = "") {
  byId("banner").hidden = !text;
  byId("banner").dataset.kind = kind;
  say(byId("banner-text"), text);
  say(byId("banner-figures"), figures);
}

function verdict(level, text, watch) {
  byId("verdict").dataset.level = level;
  say(byId("verdict-text"), text);
  say(byId("verdict-watch"), watch);
}

function since(shown, nowMs) {
  return shown.since_ms === null ? "" : ` since ${clock(shown.since_ms, nowMs)} ${zone(nowMs)}`;
}

/** Runs once a second; `page` is the state of noc.js, `nowMs` the server's time. */
export function showStatus(page, nowMs) {
  say(byId("clock"), inZone(nowMs).toISOString().slice(11, 19));
  say(byId("clock-date"), `${zone(nowMs)} ${date(nowMs)}`);
  const { latest, shown } = page;
  if (!latest) {
    const away = !page.linked && nowMs - page.openedMs > 3000;
    banner("bad", away ? "The console does not answer. Trying again every 2 s." : "");
    return;
  }
  const asOf = latest.as_of_ms;
  say(byId("data-age"), asOf === null ? NONE : age(nowMs - asOf));
  const newest = (page.paused ? shown : latest).newest_call_ms;
  say(byId("newest-age"), newest === null ? "none in 24 h" : `${age(nowMs - newest)} ago`);
  const stale = asOf !== null && nowMs - asOf > STALE_MS;
  document.body.classList.toggle("old", stale || latest.state === "error");
  const from = asOf === null ? "" : ` since ${clock(asOf, nowMs)} ${zone(nowMs)}`;
  if (!page.linked && stale) {
    verdict("stale", `Data stale${from}`, "the console does not answer");
    banner("bad", `No news from the console${from}. The figures below are old; trying again.`);
  } else if (latest.state === "error") {
    const old = asOf === null ? "There are no figures yet." : `The figures below are from ${clock(asOf, nowMs, true)} ${zone(nowMs)}.`;
    verdict("critical", latest.verdict.text + since(latest.verdict, nowMs), "");
    banner("bad", latest.banner.text, `${latest.banner.figures} ${old}`.trim());
  } else if (stale) {
    verdict("stale", `Data stale${from}`, "");
    banner("bad", `No news${from}. The figures below are old.`);
  } else {
    verdict(latest.verdict.level, latest.verdict.text + since(latest.verdict, nowMs), latest.verdict.watch.join(" · "));
    const held = page.paused ? `Paused: the figures below are from ${clock(shown.now_ms, nowMs, true)} ${zone(nowMs)}. The top line stays live.` : "";
    const over = latest.banner;
    if (over) banner(over.kind, over.text, `${over.figures} ${held}`.trim());
    else banner("info", held);
  }
}
