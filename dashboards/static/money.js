// Revenue and margin of each minute, in one currency. A loss is drawn below zero, in red.

import { chart, frame, heading, palette, timeAxis } from "./palette.js";

export function moneyChart(node) {
  const made = chart(node);
  let colour = palette();
  let latest = null;

  function style() {
    colour = palette();
    const option = frame(colour, "");
    option.xAxis.axisPointer = heading(5, 30000, "1 min");
    option.tooltip.valueFormatter = (value) => `${value.toFixed(2)} ${latest?.currency ?? ""}`;
    option.tooltip.axisPointer.type = "shadow";
    const bars = (name, fill, z) => ({
      name, type: "bar", data: [], color: fill, z, barGap: "-100%", barCategoryGap: "28%",
      itemStyle: { borderRadius: 2 }, emphasis: { disabled: true },
    });
    const series = [bars("revenue", colour.sell, 2), bars("margin", colour.margin, 3)];
    made?.setOption({ ...option, series }, true);
    if (latest) show(latest);
  }

  function show(snapshot) {
    latest = snapshot;
    const { start_ms: start, step_ms: step, sell, margin } = snapshot.earnings;
    const at = (index) => start + index * step + step / 2;
    made?.setOption({
      xAxis: timeAxis(start, start + step * sell.length),
      yAxis: { name: snapshot.currency ? `${snapshot.currency}/min` : "" },
      series: [
        { name: "revenue", data: sell.map((text, index) => [at(index), Number(text)]) },
        {
          name: "margin",
          data: margin.map((text, index) => ({
            value: [at(index), Number(text)],
            itemStyle: { color: Number(text) < 0 ? colour.loss : colour.margin },
          })),
        },
      ],
    });
  }
  style();
  return { show, style };
}
