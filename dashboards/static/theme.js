// Runs before the first paint, so that a dark page never flashes white.
(function () {
  const kept = localStorage.getItem("tollwire-theme");
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
