// Asks the same address twice: with the cookies of this site, and without. A link or a form cannot do the
// second. Works on every element with data-ask-who (the address), which holds buttons with data-credentials
// and a live region for the answers. After each answer, live-goals.js shows what was recorded.

for (const element of document.querySelectorAll("[data-ask-who]")) {
  const answers = element.querySelector("ol");
  // The ID of the page in the address: the server knows only new ones after a restart.
  document.addEventListener("fetched", ({ detail: page }) => {
    const now = page?.querySelector("[data-ask-who]");
    if (now) element.dataset.askWho = now.dataset.askWho;
  });
  for (const button of element.querySelectorAll("[data-credentials]")) {
    button.addEventListener("click", async () => {
      const { credentials } = button.dataset;
      const item = document.createElement("li");
      try {
        const response = await fetch(element.dataset.askWho, { credentials });
        item.textContent = `${button.textContent}: ${await response.text()}`;
      } catch {
        item.textContent = "The server did not answer. Try again.";
      }
      answers.append(item);
      document.dispatchEvent(new Event("asked"));
    });
  }
}
