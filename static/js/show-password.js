// The Show button of a password field. Without scripts it stays hidden, and the field works.
for (const box of document.querySelectorAll("[data-show-password]")) {
  const input = box.querySelector("input");
  const button = box.querySelector("button");
  const said = box.querySelector("[role=status]");

  const show = (visible) => {
    input.type = visible ? "text" : "password";
    button.textContent = visible ? "Hide" : "Show";
    button.setAttribute("aria-label", visible ? "Hide password" : "Show password");
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    show(input.type === "password");
    said.textContent = input.type === "text" ? "Your password is shown" : "Your password is hidden";
  });
  // So that the browser does not offer it as an ordinary text the next time.
  input.form.addEventListener("submit", () => show(false));
}
