// Every endpoint, to be read and tried with the session of this browser.

const place = document.getElementById("api");
const csrf = document.querySelector('meta[name="csrf"]').content;
const root = document.documentElement;

function follow() {
  root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
}

new MutationObserver(follow).observe(root, { attributeFilter: ["data-bs-theme"] });
follow();
globalThis.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  validatorUrl: null,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  requestInterceptor(request) {
    request.headers["x-csrf-token"] = csrf;
    return request;
  },
});
