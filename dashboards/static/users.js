// Users, for admins: add, disable, enable, a new one-time password.

import { byId } from "./dom.js";
import { onSend, refuse, send, showSecret } from "./send.js";

const add = byId("add");

onSend(add, async (fields) => {
  const roles = fields.getAll("roles");
  if (!roles.length) return refuse(add, "Choose at least one role.");
  const entry = { name: fields.get("name"), roles, partner: fields.get("partner"), reason: fields.get("reason") };
  showSecret((await send("POST", "/v1/users", entry)).password);
});

async function act(name, what) {
  const path = `/v1/users/${encodeURIComponent(name)}`;
  if (what === "password") return showSecret((await send("POST", `${path}/password`, {})).password);
  await send("PATCH", path, { disabled: what === "disable" });
  location.reload();
}

document.querySelectorAll("[data-do]").forEach((button) => {
  button.addEventListener("click", async () => {
    refuse(byId("users-card"), "");
    try {
      await act(button.dataset.name, button.dataset.do);
    } catch (error) {
      refuse(byId("users-card"), error.message);
    }
  });
});
