// What a page asks of the server while it uploads. A Stop is final; any other error may pass.
export class Stop extends Error {}

// The server's page says what is wrong with the file.
export class Refused extends Stop {
  constructor(page) {
    super("The file was refused.");
    this.page = page;
  }
}

const AGAIN = "choose the same file: it goes on where it stopped.";
export const SILENCE_MS = 45_000;

export async function judge(url, { status, there, text, kind }) {
  if (there !== new URL(url, window.location.href).href) {
    throw new Stop(`You were signed out. Sign in again and ${AGAIN}`);
  }
  const isJson = kind.includes("json");
  if (status === 204) return {};
  if (status < 300 && isJson) return JSON.parse(text);
  if (status === 422 && !isJson) throw new Refused(text);
  if (status === 403) throw new Stop(`That was not allowed. Load this page again and ${AGAIN}`);
  if (status === 404) {
    throw new Stop("This upload is over: another window ended it, or nobody went on for a day.");
  }
  if (status === 413) {
    throw new Stop("A server in front of this one refuses pieces of this size. Tell the operator.");
  }
  if (status === 409 && isJson && JSON.parse(text).elsewhere) {
    throw new Stop("This file is being uploaded in another window, so this one has stopped.");
  }
  throw new Error(status === 507 ? "There is no room on the server just now." : "");
}

async function ask(url, signal, options) {
  const within = AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);
  const answer = await fetch(url, { ...options, signal: within, cache: "no-store" });
  const kind = answer.headers.get("Content-Type") ?? "";
  return judge(url, { status: answer.status, there: answer.url, text: await answer.text(), kind });
}

export function post(url, token, fields, signal) {
  const headers = { "X-CSRFToken": token };
  return ask(url, signal, { method: "POST", headers, body: new URLSearchParams(fields) });
}

export function state(url, signal) {
  return ask(url, signal, {});
}

// Goes out also where the page is left in the same click. Says whether nothing is left of it there.
export async function discard(url, token) {
  const how = { method: "POST", headers: { "X-CSRFToken": token }, redirect: "manual", keepalive: true };
  const answer = await fetch(url, how).catch(() => null);
  return answer?.type === "opaqueredirect" || answer?.status === 404;
}
