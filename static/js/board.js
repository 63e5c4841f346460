// The board: [data-board]. Keys, buttons and the teacher's class page go from step to step, without a reload.
// After a change of the class, the board fetches its page again and shows the new content.

const KEYS = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev" };
const MAX_SILENCE = 12_000; // The server sends a beat every 5 seconds.
const [SOON, PAUSE] = [200, 1_000]; // from a change to the next fetch, and between two fetches

const board = document.querySelector("[data-board]");
const lost = document.querySelector("[data-board-lost]");
let shown = board?.innerHTML;
let waiting = null; // a timer before the next fetch
let fetched = 0; // the time of the last fetch
let wanted = null; // an own step that the server does not know yet
let isSending = false;
let moves = 0; // grows with each own step, and again when the server knows it
let silence = null; // a timer that a sign of life starts again

const step = () => Number(board.dataset.step);

function go(to) {
  board.dataset.step = to;
  for (const part of board.querySelectorAll("[data-first]")) {
    part.hidden = to < part.dataset.first || to > part.dataset.last;
  }
  for (const rows of board.querySelectorAll("[data-first-row]")) {
    [...rows.children].forEach((row, at) => (row.hidden = at > to - rows.dataset.firstRow));
  }
  place();
}

/** The newest row is in view, and the links say where they lead. */
function place() {
  const last = Number(board.dataset.lastStep);
  const newest = [...board.querySelectorAll(".ray")].findLast((row) => row.checkVisibility());
  newest?.scrollIntoView({ block: "nearest" });
  for (const row of board.querySelectorAll(".ray")) row.classList.toggle("ray--newest", row === newest);
  for (const [rel, to] of [["prev", Math.max(1, step() - 1)], ["next", Math.min(last, step() + 1)]]) {
    document.querySelector(`.board__nav a[rel="${rel}"]`).href = `?step=${to}#newest`;
  }
  document.querySelector(".board__nav").hidden = last < 2;
  document.querySelector("[data-board-step]").textContent = `${step()} of ${last}`;
}

/** One step forth or back, here at once and then for the whole class. */
function move(rel) {
  const to = step() + (rel === "next" ? 1 : -1);
  if (to < 1 || to > board.dataset.lastStep) return;
  go(to);
  moves += 1;
  wanted = to;
  if (!isSending) send();
}

/** Sends the last step, one request after the other. */
async function send() {
  isSending = true;
  while (wanted) {
    const body = new URLSearchParams({ do: "step", step: wanted });
    wanted = null;
    // Without a connection, the step counts on this board only.
    await fetch("/class/board", { method: "POST", body, redirect: "manual" }).catch(() => null);
  }
  isSending = false;
  moves += 1;
}

async function refresh() {
  waiting = null;
  fetched = Date.now();
  const before = moves;
  const response = await fetch("/class/board", { redirect: "manual" }).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = page.querySelector("[data-board]");
  if (!now) return;
  if (isSending || moves !== before) return later();
  // The steps are left out: they are the same content.
  const content = now.innerHTML.replaceAll(' hidden=""', "");
  if (content !== shown) {
    shown = content;
    board.innerHTML = now.innerHTML;
    board.dataset.lastStep = now.dataset.lastStep;
    document.dispatchEvent(new Event("fetched"));
  }
  go(Number(now.dataset.step));
}

function later() {
  waiting ??= setTimeout(refresh, Math.max(SOON, fetched + PAUSE - Date.now()));
}

function alive() {
  clearTimeout(silence);
  silence = setTimeout(() => (lost.textContent = "Not connected. Trying again."), MAX_SILENCE);
  lost.textContent = "";
}

function listen() {
  const events = new EventSource("/class/events");
  events.addEventListener("beat", alive);
  events.addEventListener("changed", () => {
    alive();
    later();
  });
  events.addEventListener("error", () => {
    // The browser connects again by itself, unless the server has refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5_000);
  });
}

if (board) {
  shown = shown.replaceAll(' hidden=""', "");
  place();
  alive();
  listen();
  document.addEventListener("keydown", (event) => {
    // The arrow keys of a radio button choose the words of the X-ray.
    const isTaken = event.key.startsWith("Arrow") && event.target.closest("input");
    const rel = KEYS[event.key];
    if (!rel || isTaken || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    move(rel);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".board__nav a");
    if (!link) return;
    event.preventDefault();
    move(link.rel);
  });
  document.addEventListener("change", place);
  addEventListener("resize", place);
}
