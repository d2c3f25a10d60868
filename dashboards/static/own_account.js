// One's own account: password and API keys.

import { byId } from "./dom.js";
import { onSend, refuse, send, showSecret } from "./send.js";

const password = byId("password");
const key = byId("key");

if (password) {
  onSend(password, async (fields) => {
    if (fields.get("new") !== fields.get("repeat")) return refuse(password, "The two new passwords differ.");
    await send("PUT", "/v1/session/password", { present: fields.get("present"), new: fields.get("new") });
    location.assign(key ? "/account" : "/");
  });
}
if (key) {
  onSend(key, async (fields) => {
    const roles = fields.getAll("roles");
    if (!roles.length) return refuse(key, "Choose at least one role.");
    const made = await send("POST", "/v1/keys", { label: fields.get("label"), roles, days: Number(fields.get("days")) });
    showSecret(made.key);
  });
}
document.querySelectorAll("[data-revoke]").forEach((button) => {
  button.addEventListener("click", async () => {
    try {
      await send("DELETE", `/v1/keys/${button.dataset.revoke}`);
      location.reload();
    } catch (error) {
      refuse(key, error.message);
    }
  });
});
