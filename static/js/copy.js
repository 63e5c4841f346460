// Copies the steps of an exchange as text, in the words that are chosen. Works on every element with
// data-copy, which holds a list of steps, a button (hidden until this script runs) and a live region.

/** The steps that can be seen, a line each. */
function lines(container) {
  return [...container.querySelectorAll("li")]
    .map((step) => step.innerText.replace(/\s+/g, " ").trim())
    .join("\n");
}

/** Plain http on a LAN has no clipboard: there the browser's own command does it. */
async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text);
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

for (const container of document.querySelectorAll("[data-copy]")) {
  const button = container.querySelector("[data-copy-button]");
  const status = container.querySelector("[role=status]");

  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(lines(container));
    status.textContent = "Copied";
  });
}
