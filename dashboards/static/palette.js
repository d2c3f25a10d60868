// The colours of the charts are the page's own CSS variables, read again when the theme changes.

import { isUtc, shown, zone } from "./zone.js";

export function palette() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--noc-${name}`).trim();
  return {
    text: read("text"), muted: read("muted"), line: read("line"), card: read("card"),
    rated: read("rated"), suspended: read("suspended"), dead: read("dead"),
    duplicate: read("duplicate"), sell: read("sell"), margin: read("margin"), loss: read("loss"),
  };
}

/** What all charts share: no animation, the chosen zone, quiet axes, tooltips drawn on the canvas. */
export function frame(colour, yName) {
  const label = { color: colour.muted, fontSize: 11, fontFamily: "Inter Variable" };
  return {
    animation: false,
    useUTC: isUtc(),
    textStyle: { fontFamily: "Inter Variable" },
    grid: { left: 56, right: 16, top: 40, bottom: 26 },
    legend: {
      top: 6, right: 12, itemWidth: 12, itemHeight: 8, itemGap: 16, icon: "roundRect",
      textStyle: { ...label, fontSize: 12 },
    },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, padding: [8, 12],
      backgroundColor: colour.card, borderColor: colour.line,
      textStyle: { ...label, color: colour.text, fontSize: 12, lineHeight: 18 },
      axisPointer: { lineStyle: { color: colour.muted }, shadowStyle: { opacity: 0.12 } },
    },
    xAxis: {
      type: "time", axisLine: { lineStyle: { color: colour.line } }, axisTick: { show: false },
      splitLine: { show: false }, 
      axisLabel: { ...label, formatter: "{HH}:{mm}", hideOverlap: true },
    },
    yAxis: {
      type: "value", name: yName, nameGap: 14, splitNumber: 4,
      nameTextStyle: { ...label, align: "right", padding: [0, 6, 0, 0] },
      axisLabel: label, splitLine: { lineStyle: { color: colour.line } },
    },
  };
}

/** What a tooltip says on top: the start of the step under the pointer. */
export const heading = (digits, shiftMs, span) => ({
  label: {
    formatter: ({ value }) =>
      `${shown(value - shiftMs).toISOString().slice(11, 11 + digits)} ${zone(value)}, ${span}`,
  },
});

/** The time axis over a window: a label every five minutes. */
export function timeAxis(startMs, endMs) {
  const every = 300000;
  const first = Math.ceil(startMs / every) * every;
  const count = Math.floor((endMs - first) / every) + 1;
  const customValues = Array.from({ length: count }, (_, index) => first + index * every);
  return { min: startMs, max: endMs, axisLabel: { customValues } };
}

/** A chart in `node` that follows its size; null if the library did not load. */
export function chart(node) {
  if (!globalThis.echarts) return null;
  const made = globalThis.echarts.init(node, null, { renderer: "canvas" });
  new ResizeObserver(() => made.resize()).observe(node);
  return made;
}
