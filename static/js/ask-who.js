// Asks the same address twice: with the cookies of this site, and without. A link or a form cannot do the
// second. Works on every element with data-ask-who (the address), which holds buttons with data-credentials,
// a list for the answers and a live region. After each answer, the sections behind the one with the buttons
// are fetched again: they show what was recorded. The focus is on a button, which stays.

/** Replaces all that follows this section, by what the page has there now. */
async function refresh(section) {
  const response = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = page.getElementById(section.id);
  if (!response.ok || !now) return;
  while (section.nextSibling) section.nextSibling.remove();
  while (now.nextSibling) section.parentNode.append(now.nextSibling);
  document.dispatchEvent(new Event("fetched"));
}

for (const element of document.querySelectorAll("[data-ask-who]")) {
  const answers = element.querySelector("ol");
  const section = element.closest("section[id]");
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
      await refresh(section);
    });
  }
}
