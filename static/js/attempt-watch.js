// Learns how an attempt ended: from the popup's message and from asking the server.
// Never from window.opener or popup.closed, which a platform's opener policy cuts.
const ANY_ATTEMPT = "00000000-0000-0000-0000-000000000000";
const OFFER_AGAIN_AFTER = 120_000;

async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? await answer.json() : { final: false };
  } catch {
    return { final: false };
  }
}

// Resolves with {state, title, message, next_url} once nothing more will happen.
export function watch(pattern, id, stillWaiting) {
  const url = pattern.replace(ANY_ATTEMPT, id);
  const began = Date.now();
  const channel = new BroadcastChannel("authorizations");
  return new Promise((resolve) => {
    let timer = 0;
    let over = false;
    const look = async () => {
      clearTimeout(timer);
      const told = await ask(url);
      if (over) return;
      if (told.final) {
        over = true;
        channel.close();
        resolve(told);
        return;
      }
      const waited = Date.now() - began;
      if (waited > OFFER_AGAIN_AFTER && stillWaiting) {
        stillWaiting.hidden = false;
        document.querySelector("form[data-authorize-popup] button[type=submit]").disabled = false;
      }
      timer = setTimeout(look, waited < 60_000 ? 1500 : 5000);
    };
    channel.onmessage = (event) => {
      if (event.data?.attempt === id) look();
    };
    timer = setTimeout(look, 1500);
  });
}
