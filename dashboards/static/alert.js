// One alert: what the operator says of it, and who looks after it. The watch acts within seconds; the
// page waits for that.

import { byId } from "./dom.js";
import { onSend, send } from "./send.js";

const WAITS = 20;
const WAIT_MS = 1000;
const NO_REASON = "undone in one click, no reason typed";

const { alert, actions } = byId("alert").dataset;

async function acted() {
  for (let i = 0; i < WAITS; i += 1) {
    await new Promise((done) => { setTimeout(done, WAIT_MS); });
    const answer = await fetch(`/v1/alerts/${alert}`);
    if (answer.ok && (await answer.json()).actions.length > Number(actions)) return location.reload();
  }
  byId("sent").textContent = "The watch has not answered yet. Is `tollwire serve fraud` running?";
}

/** Have a form with several buttons send what the one that was pressed says. */
function onChoice(form, act) {
  if (!form) return;
  let chosen = form.querySelector('[type="submit"]').value;
  form.addEventListener("click", ({ target }) => { if (target.type === "submit") chosen = target.value; });
  onSend(form, (fields) => act(chosen, fields));
}

onChoice(byId("answer"), async (chosen, fields) => {
  const [kind, value] = chosen.split(":");
  const note = fields.get("note").trim() || NO_REASON;
  await send("POST", `/v1/alerts/${alert}/answers`, { kind, value, note });
  byId("sent").textContent = "Sent to the watch. Waiting for what it does.";
  await acted();
});

byId("steps")?.addEventListener("click", ({ target, currentTarget }) => {
  if (target.type === "submit") currentTarget.reason.required = ["shelve", "close"].includes(target.value);
});
onChoice(byId("steps"), async (step, fields) => {
  const { tag, now } = byId("triage").dataset;
  const untilMs = Number(now) + performance.now() + Number(fields.get("minutes")) * 60000;
  const until = step === "shelve" ? { until_at: new Date(untilMs).toISOString() } : {};
  await send("POST", `/v1/alerts/${alert}/triage`, { step, reason: fields.get("reason"), ...until }, tag);
  location.reload();
});

// The NOC page leads here by its keys: to the block, or to putting aside.
const wanted = { "#block": '#answer [name="note"]', "#aside": '#steps [name="reason"]' }[location.hash];
if (wanted) document.querySelector(wanted)?.focus();
