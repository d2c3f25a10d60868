// The scope of a new re-rating, on its way to a preview.

import { byId } from "./dom.js";
import { onSend, send } from "./send.js";

const LISTS = ["customers", "vendors", "codes", "decks"];
const form = byId("scope");

if (form) {
  onSend(form, async (fields) => {
    const scope = Object.fromEntries(fields);
    for (const name of LISTS) scope[name] = scope[name].split(",").map((each) => each.trim()).filter(Boolean);
    const run = await send("POST", "/v1/reratings", scope);
    location.assign(`/reratings/${run.number}`);
  });
}
