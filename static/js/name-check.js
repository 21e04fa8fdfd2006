// Says while a name is typed that it is taken; the form then does not go out.
for (const input of document.querySelectorAll("input[data-name-check]")) {
  const error = document.getElementById("name-error");
  let timer = 0;
  const check = async () => {
    const asked = input.value.trim();
    const url = `${input.dataset.nameCheck}?name=${encodeURIComponent(asked)}`;
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok || asked !== input.value.trim()) return;
    const { taken, message } = await answer.json();
    input.setCustomValidity(taken ? message : "");
    input.toggleAttribute("aria-invalid", taken);
    if (taken) input.setAttribute("aria-invalid", "true");
    error.textContent = message;
  };
  input.addEventListener("input", () => {
    input.setCustomValidity("");
    clearTimeout(timer);
    timer = setTimeout(check, 250);
  });
  // Typed before this module was there.
  if (input.value && !input.hasAttribute("aria-invalid")) check();
}
