// Opens the consent popup in the click itself: after any waiting a browser blocks it.
// For form[data-authorize-popup]; without this module the form walks through in the tab.
import { watch } from "./attempt-watch.js";

const find = (name) => document.querySelector(`[data-${name}]`);

const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );

function show(name) {
  for (const each of ["popup-blocked", "waiting", "outcome"]) {
    find(each)?.toggleAttribute("hidden", each !== name);
  }
}

function platformName(form) {
  const chosen = form.querySelector("input[name=platform]:checked");
  return chosen?.dataset.label ?? form.dataset.platformName ?? "";
}

function open(name) {
  try {
    return window.open("about:blank", name, "popup,width=560,height=760");
  } catch {
    return null;
  }
}

function submit(event) {
  const form = event.target;
  if (form.dataset.here !== undefined) return;
  const id = newId();
  form.elements.attempt.value = id;
  const name = `authorize-${id}`;
  if (!open(name)) {
    event.preventDefault();
    show("popup-blocked");
    return;
  }
  form.elements.in_popup.value = "on";
  form.target = name;
  find("platform-label").textContent = platformName(form);
  show("waiting");
  const button = form.querySelector("button[type=submit]");
  // Disabled only after this submit has gone out.
  setTimeout(() => (button.disabled = true));
  watch(form.dataset.attemptUrl, id, find("still-waiting")).then((outcome) => {
    button.disabled = false;
    if (outcome.state === "done") {
      window.location.assign(outcome.next_url);
      return;
    }
    find("outcome-title").textContent = outcome.title;
    find("outcome-message").textContent = outcome.message;
    show("outcome");
  });
}

function continueHere(form) {
  form.dataset.here = "";
  form.elements.in_popup.value = "";
  form.target = "_self";
  form.requestSubmit();
}

async function copyLink(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
  });
  if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) {
    continueHere(form);
    return;
  }
  const url = new URL((await answer.json()).url, window.location.href).href;
  const field = find("link");
  field.value = url;
  field.hidden = false;
  field.select();
  await navigator.clipboard?.writeText(url).catch(() => {});
}

for (const form of document.querySelectorAll("form[data-authorize-popup]")) {
  form.addEventListener("submit", submit);
  find("continue-here")?.addEventListener("click", () => continueHere(form));
  find("copy-link")?.addEventListener("click", () => copyLink(form));
}
