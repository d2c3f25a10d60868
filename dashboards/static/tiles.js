// The key figures: value, unit, the window's average, how far from last week, and 30 minutes as a line.

import { byId, part, say } from "./dom.js";
import { change, clock, clockSpan, decimal, NONE } from "./format.js";
import { zone } from "./zone.js";
import { drawSpark } from "./spark.js";

const tenths = (text) => decimal(text, 1);
const HOUR_MS = 3600000;

function week(tile, format, unit) {
  if (tile.last_week === null) return "no data last week";
  return tile.delta === null ? `last week: ${format(tile.last_week)} ${unit}` : `${change(tile.delta, format)} ${unit} on last week`;
}

function fill(id, tile, about, format, unit, missing) {
  const card = byId(`tile-${id}`);
  card.dataset.about ??= card.title;
  const known = tile.value !== null;
  say(part(card, "value"), known ? format(tile.value) : NONE);
  say(part(card, "unit"), known ? unit : "");
  const average = tile.average === null ? tile.missing || missing : `30 min: ${format(tile.average)} ${unit}`;
  say(part(card, "note"), average);
  say(part(card, "week"), week(tile, format, unit));
  const then = tile.last_week === null ? about.none : `${about.hour}: ${format(tile.last_week)} ${unit}`;
  const title = [card.dataset.about, ...(id === "pdd" ? about.pdd : []), tile.average === null ? average : "", then];
  card.title = title.filter(Boolean).join(".\n");
  card.classList.toggle("negative", known && tile.value.startsWith("-"));
  drawSpark(card.querySelector(".spark"), tile.spark.map((v) => (v === null ? null : Number(v))));
}

function hour(startMs, nowMs) {
  if (startMs === null) return { hour: "", none: "The same hour of last week is not read" };
  const span = `${clock(startMs, nowMs)} to ${clock(startMs + HOUR_MS, startMs + HOUR_MS)} ${zone(nowMs)}`;
  return { hour: `The same hour of last week, ${span}`, none: `No such figure in the same hour of last week, ${span}` };
}

export function showTiles({ tiles, currency, last_week_ms: startMs, now_ms: nowMs }) {
  const unit = currency ?? "";
  const share = tiles.with_pdd_percent;
  const about = { ...hour(startMs, nowMs), pdd: share === null ? [] : [`${tenths(share)} % of the attempts of 30 min have it`] };
  fill("cps", tiles.cps, about, tenths, "/s", "no calls in 30 min");
  fill("asr", tiles.asr, about, tenths, "%", "feed has answered calls only");
  fill("ner", tiles.ner, about, tenths, "%", "no attempts in 30 min");
  fill("acd", tiles.acd_s, about, clockSpan, "min", "no answered calls");
  fill("pdd", tiles.pdd_s, about, (text) => decimal(text, 2), "s", "no attempts in 30 min");
  fill("sell", tiles.sell_per_min, about, (text) => decimal(text, 2), unit, "no revenue in 30 min");
  fill("margin", tiles.margin_percent, about, tenths, "%", "no revenue in 30 min");
  fill("unrated", tiles.unrated_percent, about, tenths, "%", "no calls in 30 min");
}
