// The attempt that this page waits for: asked for, and its form locked, until it is over.
import { say, watch } from "./attempt-watch.js";
import { lock, unlock } from "./authorize-lock.js";
import { forget } from "./authorize-memory.js";
import { address, isShown, outcome, show, stillWaiting } from "./authorize-panel.js";
import { stop } from "./authorize-requests.js";

const STILL_WAITING_AFTER_SECONDS = 60;
const STOP_TRIES = 10;
let current = "";
let earlier = new AbortController();

export const attempt = () => current;

function moved(state, waited) {
  if (state === "exchanging" || state === "checking") {
    if (!isShown("checking")) show("checking", { focus: false });
  } else if (waited > STILL_WAITING_AFTER_SECONDS) stillWaiting();
}

function ended(form, told) {
  forget();
  unlock(form);
  if (told.next_url) {
    localStorage.setItem(`authorization-heard-${current}`, "yes");
    say({ heard: current });
    window.location.assign(told.next_url);
  } else outcome(told);
}

// Waits for what becomes of an attempt; a later attempt of this page takes its place.
export function follow(form, id, after = 0) {
  earlier.abort();
  earlier = new AbortController();
  current = id;
  lock(form);
  watch(address("state", id), id, { moved, signal: earlier.signal, after }).then((told) =>
    ended(form, told),
  );
}

// Goes on without this page following.
export function letGo(form) {
  earlier.abort();
  unlock(form);
}

// The form may still be on its way when somebody stops at once.
export async function stopWaiting(form) {
  const id = current;
  for (let tried = 1; !(await stop(form, address("stop", id))) && tried < STOP_TRIES; tried += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  say({ attempt: id });
}
