// One alert: what the operator says of it. The watch acts within seconds; the page waits for that.

import { byId } from "./dom.js";
import { onSend, send } from "./send.js";

const WAITS = 20;
const WAIT_MS = 1000;

const form = byId("answer");
const { alert, actions } = byId("alert").dataset;

async function acted() {
  for (let i = 0; i < WAITS; i += 1) {
    await new Promise((done) => { setTimeout(done, WAIT_MS); });
    const answer = await fetch(`/v1/alerts/${alert}`);
    if (answer.ok && (await answer.json()).actions.length > Number(actions)) return location.reload();
  }
  byId("sent").textContent = "The watch has not answered yet. Is `tollwire serve fraud` running?";
}

if (form) {
  let chosen = "confirm:";
  form.addEventListener("click", (event) => { if (event.target.value) chosen = event.target.value; });
  onSend(form, async (fields) => {
    const [kind, value] = chosen.split(":");
    await send("POST", `/v1/alerts/${alert}/answers`, { kind, value, note: fields.get("note") });
    byId("sent").textContent = "Sent to the watch. Waiting for what it does.";
    await acted();
  });
}
