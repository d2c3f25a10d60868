// The foot: the rater in its own words, and what came in against what came out.

import { byId, part, say } from "./dom.js";
import { count, decimal } from "./format.js";

const PARTS = ["received", "rated", "suspended", "dead", "duplicate"];

export function showPipeline({ rater, conservation }) {
  const lag = rater.lag_messages;
  say(byId("rater-lag"), lag === null ? "unknown" : `${count(lag)} messages`);
  const rate = rater.calls_per_s;
  say(byId("rater-rate"), rate === null ? "unknown" : `${decimal(rate, 1)} calls/s`);
  byId("rater-lag").classList.toggle("unknown", lag === null);
  byId("rater-rate").classList.toggle("unknown", rate === null);
  if (!conservation) return;
  for (const name of PARTS) {
    say(part(byId("line-calls"), name), count(conservation.calls[name]));
    say(part(byId("line-seconds"), name), decimal(conservation.seconds[name], 3));
  }
  byId("flow").dataset.flow = conservation.flow;
  say(byId("flow-text"), conservation.text);
}
