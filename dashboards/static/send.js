// Sends changes to the API with the session's token. If the session has ended meanwhile, the page
// asks to sign in again and then sends the same once more: nothing that was typed is lost.

import { byId } from "./dom.js";

const meta = document.querySelector('meta[name="csrf"]');

export class Refused extends Error {}

async function request(method, path, body, tag) {
  const headers = { "x-csrf-token": meta.content };
  if (tag !== undefined) headers["if-match"] = `"${tag}"`;
  if (body === undefined || body instanceof FormData) return fetch(path, { method, headers, body });
  headers["content-type"] = "application/json";
  return fetch(path, { method, headers, body: JSON.stringify(body) });
}

async function detail(answer) {
  const said = await answer.json().catch(() => ({}));
  return said.detail ?? `The console answered ${answer.status}.`;
}

/** Show or hide the refusal of a form. */
export function refuse(form, text) {
  const line = form.querySelector(".refusal");
  line.hidden = !text;
  line.querySelector("span").textContent = text;
}

function signInAgain() {
  const dialog = byId("again");
  const form = dialog.querySelector("form");
  refuse(form, "");
  form.password.value = "";
  dialog.showModal();
  form.password.focus();
  return new Promise((resolve, reject) => {
    const cancelled = () => reject(new Refused("Not sent: the session has ended. Sign in, then send it again."));
    dialog.onclose = cancelled;
    form.querySelector('[value="cancel"]').onclick = () => dialog.close();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const entry = { name: form.name.value, password: form.password.value };
      const answer = await request("POST", "/v1/session", entry);
      if (!answer.ok) {
        refuse(form, await detail(answer));
        form.password.select();
        return;
      }
      meta.content = (await answer.json()).csrf;
      dialog.onclose = null;
      dialog.close();
      resolve();
    };
  });
}

/** The JSON of the answer, or null where it has none. Throws an Error whose message is for people.
 * `tag`: the revision that is changed, where the API asks for one. */
export async function send(method, path, body, tag) {
  let answer = await request(method, path, body, tag);
  if (answer.status === 401) {
    await answer.text();
    await signInAgain();
    answer = await request(method, path, body, tag);
  }
  if (!answer.ok) throw new Refused(await detail(answer));
  return answer.status === 204 ? null : answer.json();
}

/** Have a form send by `act`; one sending at a time, refusals in its own line. */
export function onSend(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector('[type="submit"]');
    button.disabled = true;
    refuse(form, "");
    try {
      await act(new FormData(form));
    } catch (error) {
      refuse(form, error instanceof Refused ? error.message : "The console does not answer.");
    } finally {
      button.disabled = false;
    }
  });
}

/** Show a secret that is not shown again; the page is loaded anew when it was copied. */
export function showSecret(text) {
  const box = byId("secret");
  box.querySelector("output").textContent = text;
  box.hidden = false;
  box.querySelector("button").onclick = () => location.reload();
  box.querySelector("button").focus();
}
