// The live connection. A hidden tab lets go of it: browsers allow six such connections a host.

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
        setTimeout(open, 2000);
      }
    });
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
