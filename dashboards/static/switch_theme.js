// Dark or light, by a button or the key t; kept for the next page.

function next() {
  const root = document.documentElement;
  const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  root.setAttribute("data-bs-theme", theme);
  localStorage.setItem("tollwire-theme", theme);
}

/** `then` runs after each change. */
export function switchTheme(button, then = () => {}) {
  const change = () => { next(); then(); };
  button.addEventListener("click", change);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) change();
  });
}
