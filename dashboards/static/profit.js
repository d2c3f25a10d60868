// The margin of each day.

import { byId } from "./dom.js";
import { chart, frame, palette } from "./palette.js";

const node = byId("chart");
const { currency, margins } = node.dataset;
const days = JSON.parse(margins);
const made = chart(node);

function style() {
  const colour = palette();
  const option = frame(colour, currency);
  made?.setOption({
    ...option,
    legend: { show: false },
    xAxis: { type: "category", data: days.map(([name]) => name), axisLine: option.xAxis.axisLine, axisTick: { show: false }, axisLabel: { ...option.yAxis.axisLabel } },
    series: [{ type: "bar", name: currency, color: colour.margin, barMaxWidth: 40, data: days.map(([, margin]) => Number(margin)) }],
  }, true);
}

style();
new MutationObserver(style).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
