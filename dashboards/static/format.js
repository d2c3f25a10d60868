// Values to text. Money arrives as exact decimal strings and is rounded by integers, not floats.

import { shown } from "./zone.js";

export const NONE = "–";
const COUNT = new Intl.NumberFormat("en-US");
const pad = (number) => String(number).padStart(2, "0");
const signed = (text) => text.replace("-", "−");

/** An integer (number or decimal string) with thousands separators. */
export const count = (value) => signed(COUNT.format(BigInt(value)));

/** A decimal string rounded half to even to `digits` decimals (0 to 9), grouped. */
export function decimal(text, digits = 2) {
  if (text === null) return NONE;
  const [, minus, units, rest = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const scale = 10n ** BigInt(9 - digits);
  const nanos = BigInt(units + rest.padEnd(9, "0"));
  let whole = nanos / scale;
  const left = (nanos % scale) * 2n;
  if (left > scale || (left === scale && whole % 2n === 1n)) whole += 1n;
  const figures = whole.toString().padStart(digits + 1, "0");
  const split = figures.length - digits;
  const grouped = COUNT.format(BigInt(figures.slice(0, split)));
  const sign = minus && whole !== 0n ? "−" : "";
  return sign + grouped + (digits ? "." + figures.slice(split) : "");
}

/** A difference (decimal string) with its sign; `format` writes what is not negative. */
export function change(text, format) {
  const less = text.startsWith("-");
  const shown = format(less ? text.slice(1) : text);
  return /[1-9]/.test(shown) ? (less ? "−" : "+") + shown : "±0";
}

/** Whole seconds as minutes with one decimal. */
export function minutes(seconds) {
  return COUNT.format(Math.floor(seconds / 60)) + "." + Math.floor((seconds % 60) / 6);
}

/** Seconds (decimal string) as m:ss. */
export function clockSpan(text) {
  if (text === null) return NONE;
  const whole = Math.round(Number(text));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}

/** An age in one unit that a person would say. */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

/** A length of time in its two largest units: 45 s, 3 min 20 s, 2 h 5 min. */
export function span(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const said = [];
  for (const [name, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const whole = Math.floor(left / size);
    left %= size;
    if (said.length && (!whole || said.length === 2)) break;
    if (whole) said.push(`${whole} ${name}`);
  }
  return said.join(" ") || "0 s";
}

/** hh:mm or hh:mm:ss in the chosen zone; with the date if it is not today's. */
export function clock(ms, nowMs, seconds = false) {
  const iso = shown(ms).toISOString();
  const time = iso.slice(11, seconds ? 19 : 16);
  return date(nowMs) === iso.slice(0, 10) ? time : `${iso.slice(0, 10)} ${time}`;
}

export const date = (ms) => shown(ms).toISOString().slice(0, 10);

/** A reason as stored (`no_rate`) in words. */
export const words = (reason) => reason.replaceAll("_", " ");
