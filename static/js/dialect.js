// Remembers which words of the X-ray the reader has chosen, for all pages of this browser. A cookie would
// change the very requests that the X-ray shows.

const KEY = "dialect";

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // The browser's settings may forbid it.
  }
}

let choice = remembered();

function choose() {
  for (const radio of document.querySelectorAll('input[name="dialect"]')) {
    radio.checked = choice ? radio.value === choice : radio.checked;
  }
}

choose();
// A part of the page was fetched again (live-goals.js).
document.addEventListener("fetched", choose);

document.addEventListener("change", ({ target }) => {
  if (target.name !== "dialect") return;
  choice = target.value;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Then it counts for this page only.
  }
});
