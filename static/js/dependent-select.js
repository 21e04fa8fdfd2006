// Fields that depend on others: a change loads the form again with what was filled in so far.
// Without this module a button does it.
const KEY = "field that was changed";

for (const control of document.querySelectorAll("[data-depends]")) {
  control.addEventListener("change", () => {
    const button = control.form.querySelector("[data-without-js]");
    if (!button) return;
    // Whoever works by keyboard goes on where they were.
    sessionStorage.setItem(KEY, control.id);
    control.form.requestSubmit(button);
  });
}
for (const button of document.querySelectorAll("[data-without-js]")) {
  button.classList.add("visually-hidden");
  button.tabIndex = -1;
}
document.getElementById(sessionStorage.getItem(KEY) ?? "")?.focus();
sessionStorage.removeItem(KEY);
