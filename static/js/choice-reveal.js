// Shows of all [data-revealed-by] panels of a form only the one of the chosen radio button.
function reveal(form) {
  const chosen = form.querySelector("input[type=radio]:checked")?.value;
  for (const panel of form.querySelectorAll("[data-revealed-by]")) {
    panel.hidden = panel.dataset.revealedBy !== chosen;
  }
}

for (const form of document.querySelectorAll("form:has([data-revealed-by])")) {
  form.addEventListener("change", () => reveal(form));
  reveal(form);
}
