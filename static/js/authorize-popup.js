// Opens the consent popup in the click itself: after any waiting a browser blocks it.
// For form[data-authorize-popup]; without this module the form walks through in the tab.
import { say, watch } from "./attempt-watch.js";
import { forget, remember, resume } from "./authorize-memory.js";
import { address, isShown, outcome, part, show, stillWaiting } from "./authorize-panel.js";

const STILL_WAITING_AFTER_SECONDS = 60;
const form = document.querySelector("form[data-authorize-popup]");
const button = form?.querySelector("button[type=submit]");
let current = "";
let earlier = new AbortController();

const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );

function open(url, id) {
  try {
    return window.open(url, `authorize-${id}`, "popup,width=560,height=760");
  } catch {
    return null;
  }
}

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
  if (!open("about:blank", id)) {
    event.preventDefault();
    show("popup-blocked");
    return;
  }
  form.elements.in_popup.value = "on";
  form.target = `authorize-${id}`;
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
  const body = new FormData(form);
  const headers = { Accept: "application/json" };
  const answer = await fetch(form.action, { method: "POST", body, headers });
  if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) {
    continueHere();
    return;
  }
  const url = new URL((await answer.json()).url, window.location.href).href;
  const field = part("link");
  field.value = url;
  field.hidden = false;
  field.select();
  await navigator.clipboard?.writeText(url).catch(() => {});
  follow(form.elements.attempt.value);
}

async function stop() {
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  const headers = { Accept: "application/json" };
  await fetch(address("stop", current), { method: "POST", body, headers }).catch(() => {});
  say({ attempt: current });
}

if (form) {
  form.addEventListener("submit", submit);
  part("continue-here").addEventListener("click", continueHere);
  part("copy-link").addEventListener("click", copyLink);
  part("stop-waiting").addEventListener("click", stop);
  part("open-again").addEventListener("click", () => {
    const url = address("go", current);
    if (!open(url, current)) window.location.assign(url);
  });
  const kept = resume(form);
  if (kept) wait(kept);
}
