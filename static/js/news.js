// Asks every ten seconds, while the page is visible, what the teacher has changed: [data-news]. The request has
// no cookie. After an error the next one comes later, and after some errors none.

const EVERY = 10_000;
const MAX_ERRORS = 6;

const news = document.querySelector("[data-news]");
const lesson = location.pathname.match(/^\/(?:learn|lab)\/([a-z-]+)$/)?.[1] ?? "";
let version = news?.querySelector("[data-version]")?.dataset.version ?? "";
let dismissed = null;
let errors = 0;
let timer = null;
let asked = 0;

function show(html) {
  const now = new DOMParser().parseFromString(html, "text/html");
  const top = now.querySelector("[data-version]");
  version = top.dataset.version;
  // The page may say it itself.
  if (document.querySelector("#read-only")) top.querySelector("#closed-now")?.remove();
  news.replaceChildren(top);
  showLook();
  showBars(now.querySelector("[data-bars]"));
}

/** The message to look at the board, unless the reader has hidden it. */
function showLook() {
  const look = news.querySelector("[data-look]");
  if (!look) return;
  look.hidden = look.dataset.look === dismissed;
  const hide = look.querySelector("[data-look-hide]");
  hide.hidden = false;
  hide.addEventListener("click", () => {
    dismissed = look.dataset.look;
    look.hidden = true;
  });
}

/** The counts change, and the options stay as they are: the page may say which one is right. */
function showBars(bars) {
  const predict = document.querySelector("#predict");
  if (!predict) return;
  const old = predict.querySelector(".bars");
  if (!bars) {
    old?.previousElementSibling.remove();
    old?.remove();
  } else if (old) {
    [...bars.querySelectorAll(".bar")].forEach((bar, at) => {
      old.children[at]?.querySelectorAll(".bar__row").forEach((row) => row.remove());
      old.children[at]?.append(...bar.querySelectorAll(".bar__row"));
    });
  } else {
    predict.append(...bars.children);
  }
}

async function ask() {
  asked = Date.now();
  try {
    const query = new URLSearchParams({ lesson, version });
    const response = await fetch(`/class/news?${query}`, { credentials: "omit", redirect: "error" });
    if (!response.ok) throw new Error(response.status);
    if (response.status === 200) show(await response.text());
    errors = 0;
  } catch {
    errors += 1;
  }
  plan(EVERY * 2 ** errors);
}

function plan(wait) {
  clearTimeout(timer);
  if (errors < MAX_ERRORS && document.visibilityState === "visible") timer = setTimeout(ask, wait);
}

if (news) {
  showLook();
  plan(Math.random() * EVERY);
  document.addEventListener("visibilitychange", () => {
    plan(Math.max(0, asked + EVERY - Date.now()) * Math.random());
  });
}
