// Shows how far a file is on its way. For form[data-upload] with a [data-upload-progress] panel.
function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, number)) / 3));
  return `${(number / 1000 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

function send(form, panel) {
  const bar = panel.querySelector("progress");
  const words = panel.querySelector("[data-upload-words]");
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  const done = (text) => {
    words.textContent = text;
    button.disabled = false;
  };
  request.upload.addEventListener("progress", (event) => {
    bar.max = event.total;
    bar.value = event.loaded;
    words.textContent = `${bytes(event.loaded)} of ${bytes(event.total)}`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = "Received. Looking at the columns.";
  });
  request.addEventListener("error", () => done("The connection broke. Nothing was saved; try again."));
  request.addEventListener("load", () => {
    const kind = request.getResponseHeader("Content-Type") ?? "";
    if (kind.includes("json")) {
      window.location.assign(JSON.parse(request.responseText).next_url);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = page.querySelector("main");
    if (!main) {
      done("That did not work. Nothing was saved; try again.");
      return;
    }
    document.querySelector("main").replaceWith(main);
    attach();
    main.querySelector("[role=alert]")?.scrollIntoView();
  });
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  panel.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}

function attach() {
  for (const form of document.querySelectorAll("form[data-upload]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, form.querySelector("[data-upload-progress]"));
    });
  }
}

attach();
