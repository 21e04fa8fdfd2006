// Keeps [data-live] as the server has it, without reloading, moving focus or scrolling.
// The region is over when the server's new one is no longer marked. What is new in it is read out
// from [data-live-news], which stays: a status that comes with its text may not be.
function tell(text) {
  const news = document.querySelector("[data-live-news]");
  if (news && text && news.textContent !== text) news.textContent = text;
}

async function refresh(region, failures) {
  const seconds = Number(region.dataset.liveSeconds ?? 2);
  if (document.hidden) {
    later(region, failures, seconds);
    return;
  }
  let markup;
  try {
    const answer = await fetch(region.dataset.liveUrl, { cache: "no-store" });
    if (answer.redirected || answer.status === 404) {
      // Signed out, or what the page shows is gone: the page itself says so.
      window.location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    markup = await answer.text();
  } catch {
    region.toggleAttribute("data-stale", failures >= 2);
    if (failures >= 2) tell(region.querySelector(".stale")?.textContent);
    later(region, failures + 1, Math.min(30, seconds * 2 ** failures));
    return;
  }
  const next = new DOMParser().parseFromString(markup, "text/html").body.firstElementChild;
  if (!next) return;
  region.removeAttribute("data-stale");
  tell(next.dataset.liveSays);
  const goesOn = next.hasAttribute("data-live");
  const hasFocus = region.contains(document.activeElement);
  if (hasFocus && goesOn) {
    later(region, 0, seconds);
    return;
  }
  region.replaceWith(next);
  if (goesOn) later(next, 0, seconds);
  else if (hasFocus) {
    // What had it is over; who goes on by keyboard goes on here.
    next.tabIndex = -1;
    next.focus();
  }
}

function later(region, failures, seconds) {
  setTimeout(() => refresh(region, failures), seconds * 1000);
}

for (const region of document.querySelectorAll("[data-live]")) {
  later(region, 0, Number(region.dataset.liveSeconds ?? 2));
}
