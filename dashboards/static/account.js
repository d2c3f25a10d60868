// What an account is, money booked to it, and files of accounts.

import { byId } from "./dom.js";
import { onSend, Refused, send } from "./send.js";

const path = (role, account) => `/v1/accounts/${role}/${encodeURIComponent(account)}`;
const say = (form, text) => { form.querySelector('[role="status"]').textContent = text; };

function trunks(text) {
  const found = {};
  for (const line of text.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const [, name, calls, rate] = /^(.+?)\s+(\d+)\s+(\d+)$/.exec(line) ?? [];
    if (!name) throw new Refused(`Trunks: ${line}: a name and two whole numbers.`);
    found[name] = { max_calls: Number(calls), max_calls_per_s: Number(rate) };
  }
  return found;
}

function limitOf(fields, role) {
  const limit = fields.get("limit").trim();
  if (!limit) {
    const calls = Number(fields.get("max_calls")) || Number(fields.get("max_calls_per_s")) || fields.get("trunks")?.trim();
    if (calls) throw new Refused("Calls and trunks are part of a limit: say also what the account may owe.");
    if (terms.dataset.limited) throw new Refused("A limit is changed, not taken away: set a high one.");
    return null;
  }
  if (role === "vendor") return { limit };
  const calls = { max_calls: Number(fields.get("max_calls")), max_calls_per_s: Number(fields.get("max_calls_per_s")) };
  return { limit, ...calls, when_recovering: fields.get("when_recovering"), trunks: trunks(fields.get("trunks")) };
}

const terms = byId("terms");
if (terms) {
  const { revision } = terms.dataset;
  onSend(terms, async (fields) => {
    const role = terms.dataset.role ?? fields.get("role");
    const account = terms.dataset.account ?? fields.get("account").trim();
    const own = Object.fromEntries(["name", "deck", "currency", "why"].map((name) => [name, fields.get(name)]));
    await send("PUT", `${path(role, account)}/terms`, { ...own, limit: limitOf(fields, role) }, revision || "0");
    location.assign(`/accounts/${role}/${encodeURIComponent(account)}`);
  });
}

const order = byId("order");
if (order) {
  onSend(order, async (fields) => {
    const { id } = await send("POST", `${path(order.dataset.role, order.dataset.account)}/orders`, Object.fromEntries(fields));
    say(order, `${id} is on its way to credit control. Load the page again to see it booked.`);
    order.reset();
  });
}

const file = byId("file");
if (file) {
  onSend(file, async (fields) => {
    const { accounts, changed } = await send("POST", "/v1/account-files", fields);
    say(file, `${accounts} accounts read, ${changed} of them changed. Load the page again to see them.`);
    file.reset();
  });
}
