// The NOC page: takes snapshots from the stream and shows them. Draws what the server says; the
// only things computed here are ages, sums are the server's.

import { alertKeys, showAlerts } from "./alerts.js";
import { byId, say } from "./dom.js";
import { count, decimal } from "./format.js";
import { moneyChart } from "./money.js";
import { showConservation, showStages } from "./pipeline.js";
import { showStatus } from "./status.js";
import { listen } from "./stream.js";
import { showTables } from "./tables.js";
import { showTiles } from "./tiles.js";
import { trafficChart } from "./traffic.js";
import { switchTheme } from "./switch_theme.js";
import { switchZone, zone } from "./zone.js";

const page = {
  latest: null, // newest snapshot
  shown: null, // the one on screen: older while paused
  paused: false,
  linked: false,
  openedMs: Date.now(),
  skewMs: 0, // server clock - this clock
};
const charts = [trafficChart(byId("chart-traffic")), moneyChart(byId("chart-money"))];

function showCurrency({ currency, currencies }) {
  document.querySelectorAll("[data-currency]").forEach((node) => say(node, currency ?? ""));
  const others = currencies
    .filter((each) => each.currency !== currency)
    .map((each) => `${each.currency} ${decimal(each.sell, 0)}`);
  const also = others.length ? `also in 30 min: ${others.join(", ")} · ` : "";
  say(byId("currencies"), `${also}last 30 min, by arrival · `);
}

function draw(snapshot) {
  const { calls_in_progress: calls } = snapshot;
  say(byId("in-progress"), calls === null ? "" : `${count(calls)} in progress · `);
  showCurrency(snapshot);
  showTiles(snapshot);
  showAlerts(snapshot);
  showTables(snapshot);
  charts.forEach((each) => each.show(snapshot));
}

function show() {
  const { latest } = page;
  document.body.dataset.state = latest.state;
  if (page.paused) return;
  page.shown = latest;
  byId("empty").hidden = latest.state !== "empty";
  showStages(latest);
  if (latest.as_of_ms === null) return;
  showConservation(latest);
  if (latest.state !== "empty") draw(latest);
}

function tick() {
  const nowMs = Date.now() + page.skewMs;
  document.querySelectorAll(".zone").forEach((node) => say(node, zone(nowMs)));
  showStatus(page, nowMs);
}

listen(
  "/v1/noc/stream",
  (snapshot, serial) => {
    page.latest = snapshot;
    page.skewMs = snapshot.now_ms - Date.now();
    show();
    tick();
    document.body.dataset.serial = serial;
  },
  (up) => {
    page.linked = up;
    tick();
  },
);

function pause() {
  page.paused = !page.paused && page.latest !== null;
  byId("pause").setAttribute("aria-pressed", String(page.paused));
  if (page.latest) show();
  tick();
}

function restyle() {
  tick();
  charts.forEach((each) => each.style());
  if (page.shown && page.shown.as_of_ms !== null && page.shown.state !== "empty") draw(page.shown);
}

byId("pause").addEventListener("click", pause);
switchTheme(byId("theme"), restyle);
switchZone(byId("zone"), restyle);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "p") pause();
});
alertKeys();
setInterval(tick, 1000);
tick();
