// Opens what is folded where there is room for it beside the page: every <details> with
// data-open-when-wide. What a reader has folded or opened by hand stays so. Beside the question of a lesson it
// or of a test it stays folded, because it could give the answer away.

const QUESTION = '#predict form, form[action="/learn/test"]';
const wide = window.matchMedia("(min-width: 1200px)");

for (const details of document.querySelectorAll("[data-open-when-wide]")) {
  details.open = wide.matches && !document.querySelector(QUESTION);
}
