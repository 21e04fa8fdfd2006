// In the popup: follows the check, tells the page behind that there is news, and closes a success
// by itself once that page has heard of it. Without a page behind it stays, with a way on.
import { say, watch } from "./attempt-watch.js";

const SLOW_AFTER_SECONDS = 15;
const heard = (id) => `authorization-heard-${id}`;

function closeSoon() {
  setTimeout(() => window.close(), 1500);
}

function announce(element) {
  const id = element.dataset.announceAttempt;
  if (element.dataset.closes !== undefined) {
    const channel = new BroadcastChannel("authorizations");
    channel.onmessage = ({ data }) => data?.heard === id && closeSoon();
    // It may have heard before this page was there.
    if (localStorage.getItem(heard(id))) closeSoon();
    localStorage.removeItem(heard(id));
  }
  const isBegun = element.dataset.notBegun === undefined;
  say(isBegun ? { attempt: id } : { attempt: id, notBegun: element.innerText });
}

function follow(element) {
  const moved = (_state, waited) => {
    const isSlow = waited > SLOW_AFTER_SECONDS;
    if (isSlow && !element.textContent) element.textContent = element.dataset.slowWords;
  };
  watch(element.dataset.stateUrl, element.dataset.checkAttempt, { moved }).then(() =>
    window.location.reload(),
  );
}

document.querySelectorAll("[data-announce-attempt]").forEach(announce);
document.querySelectorAll("[data-check-attempt]").forEach(follow);
for (const button of document.querySelectorAll("[data-close-window]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.close());
}
