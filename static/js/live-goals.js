// Fetches the goals and the recorded requests of a lesson again: after the page has sent a request of its own
// (event "asked"), and when the reader comes back from another tab. Works on a section with data-live, and
// replaces all that follows it. A page on which the reader has begun to answer stays as it is.

const live = document.querySelector("section[data-live]");

async function refresh() {
  const isAnswering = document.querySelector("#explain form, #question form");
  if (isAnswering) return;
  const response = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = page.getElementById(live.id);
  if (!response.ok || !now) return;
  while (live.nextSibling) live.nextSibling.remove();
  while (now.nextSibling) live.parentNode.append(now.nextSibling);
  document.dispatchEvent(new CustomEvent("fetched", { detail: page }));
}

if (live) {
  document.addEventListener("asked", refresh);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") refresh();
  });
}
