// The arrow keys go forth and back: [data-step-by-key], whose links are rel="next" and rel="prev".

const KEYS = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev" };

for (const steps of document.querySelectorAll("[data-step-by-key]")) {
  document.addEventListener("keydown", (event) => {
    const isInField = event.target.closest("input, select, textarea");
    const link = steps.querySelector(`a[rel="${KEYS[event.key]}"]`);
    if (!isInField && !event.ctrlKey && !event.altKey && !event.metaKey && link) {
      event.preventDefault();
      link.click();
    }
  });
}
