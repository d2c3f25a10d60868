// A rate sheet on its way to a draft.

import { byId } from "./dom.js";
import { onSend, send } from "./send.js";

const form = byId("upload");
if (form) {
  onSend(form, async (fields) => {
    byId("sent").textContent = "Sent. A large sheet takes some seconds to be read.";
    try {
      const made = await send("POST", "/v1/deck-drafts", fields);
      location.assign(`/deck-drafts/${made.draft.number}`);
    } finally {
      byId("sent").textContent = "";
    }
  });
}
