// Opens the consent popup in the click itself: after any waiting a browser blocks it.
// For form[data-authorize-popup]; without this module the form walks through in the tab.
import { attempt, follow, letGo, stopWaiting } from "./authorize-following.js";
import { isLocked, unlock } from "./authorize-lock.js";
import { forget, remember, resume } from "./authorize-memory.js";
import { address, part, parts, show, tell } from "./authorize-panel.js";
import { copied, linkOf } from "./authorize-requests.js";
import { newId, openWindow, windowName } from "./authorize-window.js";

// Until the form has arrived, the server knows no attempt to ask for.
const ARRIVED_AFTER_MILLISECONDS = 3000;
const form = document.querySelector("form[data-authorize-popup]");

function wait({ id, label }, after = 0) {
  part("platform-label").textContent = label;
  part("still-waiting").hidden = true;
  show("waiting");
  follow(form, id, after);
}

function submit(event) {
  if (form.dataset.here !== undefined) return;
  const id = newId();
  form.elements.attempt.value = id;
  if (!openWindow("about:blank", id)) {
    event.preventDefault();
    show("popup-blocked");
    return;
  }
  form.elements.in_popup.value = "on";
  form.target = windowName(id);
  const chosen = form.querySelector("input[name=platform]:checked");
  const begun = { id, label: chosen?.dataset.label ?? form.dataset.platformName ?? "" };
  remember(form, begun);
  wait(begun, ARRIVED_AFTER_MILLISECONDS);
}

function continueHere() {
  letGo(form);
  form.dataset.here = "";
  form.elements.in_popup.value = "";
  form.target = "_self";
  form.requestSubmit();
  // Somebody who comes Back to this page presses anew, with an attempt of its own.
  delete form.dataset.here;
}

async function copyLink() {
  form.elements.in_popup.value = "";
  const url = part("link").value || (await linkOf(form));
  if (!url) {
    continueHere();
    return;
  }
  part("link").value = url;
  part("copied").hidden = !(await copied(url));
  part("link-made").hidden = false;
  part("link").select();
  tell(part("link-words").innerText);
  follow(form, form.elements.attempt.value);
}

if (form) {
  form.addEventListener("submit", submit);
  part("continue-here").addEventListener("click", continueHere);
  part("copy-link").addEventListener("click", copyLink);
  for (const each of parts("stop-waiting")) each.addEventListener("click", () => stopWaiting(form));
  part("open-again").addEventListener("click", () => {
    const url = address("go", attempt());
    if (!openWindow(url, attempt())) window.location.assign(url);
  });
  // Leads away in the same click.
  form.querySelector("[data-cancel]")?.addEventListener("click", () => {
    if (isLocked(form)) stopWaiting(form);
    forget();
  });
  // A browser may have kept how the fields were before the page was loaded again.
  unlock(form);
  const kept = resume(form);
  if (kept) wait(kept);
}
