// One run: what is done with it, how far it is, and its largest changes as bars.

import { byId } from "./dom.js";
import { chart, frame, palette } from "./palette.js";
import { onSend, send } from "./send.js";

const POLL_MS = 1000;
const BARS = 12;
const { run, state, running } = byId("run").dataset;
const form = byId("answer");

if (form) {
  let chosen = form.querySelector(".btn-primary")?.value ?? form.querySelector("button").value;
  form.addEventListener("click", (event) => { if (event.target.value && event.target.type === "submit") chosen = event.target.value; });
  onSend(form, async (fields) => {
    const body = { why: fields.get("why") };
    if (chosen === "approval") body.delta = fields.get("delta");
    if (chosen === "submission") body.allow_suspending = fields.has("allow_suspending");
    await send("POST", `/v1/reratings/${run}/${chosen}`, body);
    location.reload();
  });
}

async function look() {
  const answer = await fetch(`/v1/reratings/${run}/progress`).catch(() => null);
  if (!answer?.ok) return setTimeout(look, POLL_MS);
  const found = await answer.json();
  if (found.run.state !== state) return location.reload();
  byId("progress").value = found.chunks_done;
  byId("progress").max = found.chunks || 1;
  byId("far").textContent = `${found.chunks_done} of ${found.chunks} chunks`;
  return setTimeout(look, POLL_MS);
}

function bars(node) {
  const { leg, currency, lines } = JSON.parse(node.dataset.bars);
  const own = lines.slice(0, BARS).reverse();
  const made = chart(node);
  const style = () => {
    const colour = palette();
    const { yAxis, xAxis, ...rest } = frame(colour, "");
    const label = { color: colour.text, fontSize: 12 };
    made?.setOption({
      ...rest, legend: { show: false }, grid: { left: 190, right: 40, top: 26, bottom: 26 },
      xAxis: { ...yAxis, name: currency },
      yAxis: { type: "category", data: own.map((each) => each.name), axisLabel: { ...label, width: 170, overflow: "truncate" }, axisTick: { show: false }, axisLine: xAxis.axisLine },
      series: [{ type: "bar", name: `${leg}, ${currency}`, barMaxWidth: 18, data: own.map((each) => ({ value: Number(each.delta), itemStyle: { color: each.delta.startsWith("-") ? colour.loss : colour.sell } })) }],
    }, true);
  };
  style();
  new MutationObserver(style).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}

if (running) setTimeout(look, POLL_MS);
const node = byId("chart");
if (node) bars(node);
