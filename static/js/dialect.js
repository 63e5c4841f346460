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

const choice = remembered();

for (const radio of document.querySelectorAll('input[name="dialect"]')) {
  radio.checked = choice ? radio.value === choice : radio.checked;
  radio.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, radio.value);
    } catch {
      // Then it counts for this page only.
    }
  });
}
