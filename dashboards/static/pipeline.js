// The foot: what waits in the broker, and what came in against what came out.

import { byId, part, say } from "./dom.js";
import { count, decimal, span } from "./format.js";

const PARTS = ["received", "rated", "suspended", "dead", "duplicate"];

const fact = (id, text) => {
  say(byId(id), text ?? "unknown");
  byId(id).classList.toggle("unknown", text === null);
};

/** The stream in figures: known also while ClickHouse, and so the rest of the page, is away. */
export function showStages({ stream, now_ms }) {
  const { backlog, calls_per_s: rate } = stream;
  const noun = backlog?.waiting === 1 ? backlog.unit.slice(0, -1) : backlog?.unit;
  const about = backlog?.unit === "calls" && backlog.waiting ? "≈ " : "";
  const oldest = (at) => (at === null ? "none" : span((now_ms - at) / 1000));
  fact("backlog", backlog && `${about}${count(backlog.waiting)} ${noun}`);
  fact("oldest-unrated", backlog && oldest(backlog.oldest_unrated_ms));
  fact("oldest-unstored", backlog && oldest(backlog.oldest_unstored_ms));
  fact("rater-rate", rate === null ? null : `${decimal(rate, 1)} calls/s`);
}

export function showConservation({ conservation }) {
  if (!conservation) return;
  for (const name of PARTS) {
    say(part(byId("line-calls"), name), count(conservation.calls[name]));
    say(part(byId("line-seconds"), name), decimal(conservation.seconds[name], 3));
  }
  byId("flow").dataset.flow = conservation.flow;
  say(byId("flow-text"), conservation.text);
}
