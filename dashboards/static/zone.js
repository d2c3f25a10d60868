// Instants of the NOC page as UTC or as the time of this browser; the choice is kept.

const KEY = "tollwire-zone";
const MINUTE_MS = 60000;
let local = localStorage.getItem(KEY) === "local";

export const isUtc = () => !local;

/** A date whose UTC fields are what a clock of the chosen zone shows. */
export function shown(ms) {
  return new Date(local ? ms - new Date(ms).getTimezoneOffset() * MINUTE_MS : ms);
}

/** The chosen zone at an instant: UTC, or UTC+2, UTC−3:30. */
export function zone(ms) {
  const minutes = local ? -new Date(ms).getTimezoneOffset() : 0;
  if (!minutes) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

/** By a button or the key u; `then` runs after each change. */
export function switchZone(button, then) {
  const change = () => {
    local = !local;
    localStorage.setItem(KEY, local ? "local" : "utc");
    then();
  };
  button.addEventListener("click", change);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "u" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) change();
  });
}
