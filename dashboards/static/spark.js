// A sparkline in a 100 x 30 box: one path for the line, one for the area under it.

const HEIGHT = 30;
const MARGIN = 3;

/** `values` are numbers or null; null leaves a gap. */
export function drawSpark(svg, values) {
  const known = values.filter((value) => value !== null);
  const low = Math.min(0, ...known);
  const high = Math.max(...known, low + 1e-9);
  const x = (index) => ((index * 100) / Math.max(1, values.length - 1)).toFixed(2);
  const y = (value) =>
    (HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN)).toFixed(2);
  let line = "";
  let area = "";
  let start = null;
  values.forEach((value, index) => {
    if (value === null) {
      start = null;
      return;
    }
    const first = start === null;
    if (first) start = index;
    line += `${first ? "M" : "L"}${x(index)} ${y(value)}`;
    area += `${first ? `M${x(index)} ${HEIGHT}L` : "L"}${x(index)} ${y(value)}`;
    const last = index === values.length - 1 || values[index + 1] === null;
    if (last) area += `L${x(index)} ${HEIGHT}Z`;
  });
  svg.querySelector(".spark-line").setAttribute("d", line);
  svg.querySelector(".spark-area").setAttribute("d", area);
}
