// Keeps the pages of the teacher current: [data-room]. When the server says that something has changed, the
// page is fetched again, and what has data-part is replaced: as a whole, so that no message can be missed, and
// once a second at most. The server sends an event every five seconds. Without one, it is not reached.

const LINES = 60;
const WORDS = { insert: "+1", update: "changed", delete: "−1" };
const SILENCE = 12_000;
const REFRESH = 15_000;
// From a change to the request, and between two requests: the page of a whole class is work for the server.
const [SOON, PAUSE] = [200, 1_000];

const time = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });

for (const room of document.querySelectorAll("[data-room]")) {
  const ledger = room.querySelector("[data-ledger]");
  const state = room.querySelector("[data-live]");
  let waiting = null;
  let heard = Date.now();
  let fetched = 0;
  let updated = Date.now();
  let isCurrent = true;

  const parts = (page) => [...page.querySelectorAll("[data-part]")];
  const refresh = async () => {
    clearTimeout(waiting);
    waiting = null;
    fetched = Date.now();
    const options = { redirect: "manual", signal: AbortSignal.timeout(REFRESH) };
    // Not the address of this page, which is another one after a form that was refused.
    const answer = await fetch(room.dataset.room, options).catch(() => null);
    isCurrent = answer?.ok ?? false;
    if (!isCurrent) return;
    updated = Date.now();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = [...room.querySelectorAll("details[id][open]")].map((details) => details.id);
    const focused = document.activeElement?.getAttribute("href");
    const now = parts(page);
    for (const [number, part] of parts(room).entries()) {
      const isUsed = !focused && part.contains(document.activeElement);
      if (now[number] && !isUsed) part.replaceWith(now[number]);
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    document.dispatchEvent(new Event("fetched"));
    if (focused && !document.activeElement?.getAttribute("href")) {
      room.querySelector(`[href="${CSS.escape(focused)}"], [href="${focused}"]`)?.focus();
    }
  };

  const say = (live, text) => {
    if (state.dataset.live !== live) [state.dataset.live, state.textContent] = [live, text];
  };
  const hear = () => {
    heard = Date.now();
    if (isCurrent) say("open", "Live");
    else say("error", `Not updated since ${time.format(updated)}. Reload the page.`);
  };
  const events = new EventSource("/class/events");
  for (const name of ["open", "beat", "changed", "ledger"]) events.addEventListener(name, hear);
  events.addEventListener("changed", () => {
    waiting ??= setTimeout(refresh, Math.max(SOON, fetched + PAUSE - Date.now()));
  });
  events.addEventListener("ledger", ({ data }) => {
    if (!ledger) return;
    const { what, short_id, keys } = JSON.parse(data);
    const line = document.createElement("li");
    line.className = `entry entry--${what}`;
    line.textContent = `${new Date().toLocaleTimeString()} ${WORDS[what]} ${short_id} ${keys.join(", ")}`;
    ledger.prepend(line);
    while (ledger.children.length > LINES) ledger.lastElementChild.remove();
  });
  setInterval(() => {
    if (Date.now() - heard < SILENCE) return;
    say("error", `No connection to the server since ${time.format(heard)}`);
  }, 1000);
  // Times and minutes grow without a change.
  setInterval(refresh, REFRESH);
}
