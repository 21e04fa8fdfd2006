// Uploads the file of form[data-upload] in pieces.
import { show } from "./upload-panel.js";
import { send } from "./upload-pieces.js";
import { discard, Refused, Stop } from "./upload-requests.js";

async function start(form) {
  const input = form.elements.file;
  const file = input.files[0];
  const button = form.querySelector("button[type=submit]");
  const cancel = form.querySelector("[data-upload-cancel]");
  const token = form.elements.csrfmiddlewaretoken.value;
  const aborter = new AbortController();
  const shown = show(form.querySelector("[data-upload-progress]"), file);
  let upload;
  const onCancel = async (event) => {
    event.preventDefault();
    aborter.abort();
    if (!upload || (await discard(upload.discard, token))) window.location.assign(cancel.href);
    else shown.say("The server does not answer. What arrived is destroyed after a day.");
  };
  const begun = (found) => shown.begun((upload = found));
  button.disabled = input.disabled = true;
  cancel.addEventListener("click", onCancel);
  try {
    const on = { ...shown, begun, signal: aborter.signal };
    window.location.assign(await send(file, form.dataset.uploadUrl, token, on));
  } catch (error) {
    cancel.removeEventListener("click", onCancel);
    button.disabled = input.disabled = false;
    if (error instanceof Refused) refuse(error.page);
    else if (error instanceof Stop) shown.say(error.message);
    else if (!aborter.signal.aborted) throw error;
  }
}

function refuse(text) {
  const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  document.querySelector("main").replaceWith(main);
  attach();
  main.querySelector("[role=alert]")?.scrollIntoView();
}

// "Back" may show this page as it was left: with what cannot be pressed, of an upload that is over.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

function attach() {
  for (const form of document.querySelectorAll("form[data-upload]")) {
    form.addEventListener("submit", (event) => {
      // Without a file the server says so; where digests (no TLS) or what else is needed is not
      // there, it takes the file in one request.
      const isAble = window.crypto?.subtle && AbortSignal.any;
      if (!isAble || !form.elements.file.files.length) return;
      event.preventDefault();
      start(form);
    });
  }
}

attach();
