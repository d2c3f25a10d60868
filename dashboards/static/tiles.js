// The six key figures: value, unit, the window's average, and the last 30 minutes as a line.

import { byId, part, say } from "./dom.js";
import { clockSpan, decimal, NONE } from "./format.js";
import { drawSpark } from "./spark.js";

const percent = (text) => decimal(text, 1);

function fill(id, tile, format, unit, missing) {
  const card = byId(`tile-${id}`);
  const known = tile.value !== null;
  say(part(card, "value"), known ? format(tile.value) : NONE);
  say(part(card, "unit"), known ? unit : "");
  const average = tile.average === null ? missing : `30 min: ${format(tile.average)} ${unit}`;
  say(part(card, "note"), average);
  card.classList.toggle("negative", known && tile.value.startsWith("-"));
  drawSpark(card.querySelector(".spark"), tile.spark.map((v) => (v === null ? null : Number(v))));
}

export function showTiles({ tiles, currency }) {
  const unit = currency ?? "";
  fill("cps", tiles.cps, percent, "/s", "no calls in 30 min");
  fill("asr", tiles.asr, percent, "%", "feed has answered calls only");
  fill("acd", tiles.acd_s, clockSpan, "min", "no answered calls");
  fill("sell", tiles.sell_per_min, (text) => decimal(text, 2), unit, "no revenue in 30 min");
  fill("margin", tiles.margin_percent, percent, "%", "no revenue in 30 min");
  fill("unrated", tiles.unrated_percent, percent, "%", "no calls in 30 min");
}
