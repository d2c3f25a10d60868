// The button for dark or light, on pages without charts; theme.js sets what was chosen.

const root = document.documentElement;

document.getElementById("theme")?.addEventListener("click", () => {
  const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  root.setAttribute("data-bs-theme", next);
  localStorage.setItem("tollwire-theme", next);
});
