// Calls per second by outcome: stacked areas, with the calls received as the line on top.

import { chart, frame, heading, palette, timeAxis } from "./palette.js";

const OUTCOMES = ["rated", "suspended", "dead", "duplicate"];

export function trafficChart(node) {
  const made = chart(node);

  function style() {
    const colour = palette();
    const area = (name) => ({
      name, type: "line", stack: "outcome", step: "end", symbol: "none", data: [],
      lineStyle: { width: 0 }, color: colour[name], areaStyle: { opacity: 0.6 },
      emphasis: { disabled: true },
    });
    const received = {
      name: "received", type: "line", step: "end", symbol: "none", data: [],
      color: colour.text, lineStyle: { width: 1 }, emphasis: { disabled: true },
    };
    const option = frame(colour, "calls/s");
    option.xAxis.axisPointer = heading(8, 0, "10 s");
    option.tooltip.valueFormatter = (value) => `${value.toFixed(1)} /s`;
    made?.setOption({ ...option, series: [...OUTCOMES.map(area), received] }, true);
  }

  function show({ traffic }) {
    const { start_ms: start, step_ms: step } = traffic;
    const points = (name) =>
      traffic[name].map((calls, index) => [start + index * step, (calls * 1000) / step]);
    made?.setOption({
      xAxis: timeAxis(start, start + step * traffic.received.length),
      series: [...OUTCOMES, "received"].map((name) => ({ name, data: points(name) })),
    });
  }
  style();
  return { show, style };
}
