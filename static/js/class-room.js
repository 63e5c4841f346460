// Keeps the class page current: [data-room]. The server says that something has changed; the roster is then
// fetched as a whole, so that no message can be missed, and twice a second at most.

const LINES = 40;
const WORDS = { insert: "+1", update: "changed", delete: "−1" };

for (const room of document.querySelectorAll("[data-room]")) {
  const roster = room.querySelector("[data-roster]");
  const ledger = room.querySelector("[data-ledger]");
  const state = room.querySelector("[data-live]");
  let waiting = null;

  const fetchRoster = async () => {
    waiting = null;
    const answer = await fetch("/class/roster", { redirect: "manual" });
    if (!answer.ok) return;
    const focused = document.activeElement?.getAttribute("href");
    roster.innerHTML = await answer.text();
    document.dispatchEvent(new Event("fetched"));
    if (focused && !document.activeElement?.getAttribute("href")) {
      roster.querySelector(`[href="${CSS.escape(focused)}"], [href="${focused}"]`)?.focus();
    }
  };

  const events = new EventSource("/class/events");
  const say = (now, text) => {
    state.dataset.live = now;
    state.textContent = text;
  };
  events.addEventListener("open", () => say("open", "This list updates by itself."));
  events.addEventListener("error", () => say("error", "Not connected to the server. Trying again."));
  events.addEventListener("changed", () => (waiting ??= setTimeout(fetchRoster, 500)));
  events.addEventListener("ledger", ({ data }) => {
    const { what, short_id, keys } = JSON.parse(data);
    const line = document.createElement("li");
    line.className = `entry entry--${what}`;
    line.textContent = `${new Date().toLocaleTimeString()} ${WORDS[what]} ${short_id} ${keys.join(", ")}`;
    ledger.prepend(line);
    while (ledger.children.length > LINES) ledger.lastElementChild.remove();
  });
}
