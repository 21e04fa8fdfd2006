// Opens the consent popup in the click itself: after any waiting a browser blocks it.
// For form[data-authorize-popup]; without this module the form walks through in the tab.
import { say, watch } from "./attempt-watch.js";
import { forget, remember, resume } from "./authorize-memory.js";
import { address, isShown, outcome, part, show, stillWaiting } from "./authorize-panel.js";
import { linkOf, stop } from "./authorize-requests.js";
import { newId, openWindow, windowName } from "./authorize-window.js";

const STILL_WAITING_AFTER_SECONDS = 60;
const form = document.querySelector("form[data-authorize-popup]");
const button = form?.querySelector("button[type=submit]");
let current = "";
let earlier = new AbortController();

function moved(state, waited) {
  if (state === "exchanging" || state === "checking") {
    if (isShown("waiting")) show("checking", { focus: false });
  } else if (waited > STILL_WAITING_AFTER_SECONDS) stillWaiting();
}

function ended(told) {
  forget();
  button.disabled = false;
  if (told.next_url) {
    localStorage.setItem(`authorization-heard-${current}`, "yes");
    say({ heard: current });
    window.location.assign(told.next_url);
  } else outcome(told);
}

// Waits for what becomes of an attempt; a later attempt of this page takes its place.
function follow(id) {
  earlier.abort();
  earlier = new AbortController();
  current = id;
  watch(address("state", id), id, { moved, signal: earlier.signal }).then(ended);
}

function wait({ id, label }) {
  part("platform-label").textContent = label;
  part("still-waiting").hidden = true;
  // Disabled only after this submit has gone out.
  setTimeout(() => (button.disabled = true));
  show("waiting");
  follow(id);
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
  const attempt = { id, label: chosen?.dataset.label ?? form.dataset.platformName ?? "" };
  remember(form, attempt);
  wait(attempt);
}

function continueHere() {
  form.dataset.here = "";
  form.elements.in_popup.value = "";
  form.target = "_self";
  form.requestSubmit();
}

async function copyLink() {
  form.elements.in_popup.value = "";
  const url = await linkOf(form);
  if (!url) {
    continueHere();
    return;
  }
  const field = part("link");
  field.value = url;
  field.hidden = false;
  field.select();
  await navigator.clipboard?.writeText(url).catch(() => {});
  follow(form.elements.attempt.value);
}

if (form) {
  form.addEventListener("submit", submit);
  part("continue-here").addEventListener("click", continueHere);
  part("copy-link").addEventListener("click", copyLink);
  part("stop-waiting").addEventListener("click", async () => {
    await stop(form, address("stop", current));
    say({ attempt: current });
  });
  part("open-again").addEventListener("click", () => {
    const url = address("go", current);
    if (!openWindow(url, current)) window.location.assign(url);
  });
  const kept = resume(form);
  if (kept) wait(kept);
}
