// The live connection. A hidden tab lets go of it: browsers allow six such connections a host.
// When the session has ended, the page leads to the sign-in page and back.

function signIn() {
  const here = location.pathname + location.search;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

async function signInIfNeeded() {
  const answer = await fetch("/v1/session").catch(() => null);
  if (answer && answer.status === 401) signIn();
}

/** Call `onSnapshot(snapshot, serial)` for each event and `onLink(up)` when the line changes. */
export function listen(url, onSnapshot, onLink) {
  let source = null;

  const open = () => {
    if (source) return;
    source = new EventSource(url);
    source.addEventListener("open", () => onLink(true));
    source.addEventListener("error", () => {
      onLink(false);
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        signInIfNeeded();
        setTimeout(open, 2000);
      }
    });
    source.addEventListener("signed-out", signIn);
    source.addEventListener("snapshot", (event) => {
      onSnapshot(JSON.parse(event.data), event.lastEventId);
    });
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
}
