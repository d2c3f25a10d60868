// The margin of each day, a series for each currency.

import { byId } from "./dom.js";
import { chart, frame, palette } from "./palette.js";

const node = byId("chart");
const { by_day: days } = await (await fetch(`/v1/profit?days=${node.dataset.days}`)).json();
const names = [...new Set(days.map((each) => each.name))].sort();
const currencies = [...new Set(days.map((each) => each.currency))];
const made = chart(node);

function style() {
  const colour = palette();
  const option = frame(colour, currencies.join(", "));
  const colours = [colour.margin, colour.sell, colour.suspended, colour.duplicate];
  made?.setOption({
    ...option,
    xAxis: { type: "category", data: names, axisLine: option.xAxis.axisLine, axisTick: { show: false }, axisLabel: { ...option.yAxis.axisLabel } },
    series: currencies.map((currency, index) => ({
      type: "bar", name: currency, color: colours[index % colours.length], barMaxWidth: 40,
      data: names.map((name) => Number(days.find((each) => each.name === name && each.currency === currency)?.margin ?? 0)),
    })),
  }, true);
}

style();
new MutationObserver(style).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
