// Lets people see the password they type: fewer typos, and long passwords become practical.
// Works on every element with data-show-password, which holds an input, a button (hidden until
// this script runs) and a live region. See password_field in templates/macros/forms.

/** Makes the password readable or not, and says so when `announce` is true. */
function setShown({ input, button, status }, shown, announce) {
  input.type = shown ? "text" : "password";
  button.textContent = shown ? "Hide" : "Show";
  button.setAttribute("aria-label", shown ? "Hide password" : "Show password");
  if (announce) {
    status.textContent = shown ? "Password shown" : "Password hidden";
  }
}

for (const field of document.querySelectorAll("[data-show-password]")) {
  const input = field.querySelector("input");
  const button = field.querySelector("button");
  const status = field.querySelector("[role=status]");
  const parts = { input, button, status };

  button.hidden = false;
  button.addEventListener("click", () => setShown(parts, input.type === "password", true));

  // Sent as type=password: a browser would otherwise remember it like any other text.
  input.form?.addEventListener("submit", () => setShown(parts, false, false));

  // Back may bring the page as it was left.
  window.addEventListener("pageshow", () => setShown(parts, false, false));
}
