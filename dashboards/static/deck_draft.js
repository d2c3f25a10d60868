// One draft: approved, published or rejected.

import { byId } from "./dom.js";
import { onSend, send } from "./send.js";

const form = byId("answer");
const { draft } = byId("draft").dataset;

if (form) {
  let chosen = "approval";
  form.addEventListener("click", (event) => { if (event.target.value) chosen = event.target.value; });
  onSend(form, async (fields) => {
    const body = chosen === "publication" ? undefined : { why: fields.get("why") };
    await send("POST", `/v1/deck-drafts/${draft}/${chosen}`, body);
    location.reload();
  });
}
