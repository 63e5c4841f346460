// Tells password managers what a new password may be, so that they suggest one that is accepted. Works on
// every element with data-passwordrules, which holds an input. HTML has no attribute `passwordrules`, so
// only this script sets it.

for (const field of document.querySelectorAll("[data-passwordrules]")) {
  field.querySelector("input").setAttribute("passwordrules", field.dataset.passwordrules);
}
