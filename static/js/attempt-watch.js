// Learns how an attempt stands: from what its window says and from asking the server.
// Never from window.opener or popup.closed, which a platform's opener policy cuts.
const CHANNEL = "authorizations";
// The server may not know the attempt yet: its form is on its way, or the platform is slow to begin.
const MISSING_AT_MOST_SECONDS = 45;

const SIGNED_OUT = {
  state: "out",
  title: "You are signed out",
  message: "Load this page again to sign in. What was approved before is in the list of authorizations.",
};
const NOT_BEGUN = {
  state: "missing",
  title: "Nothing was begun",
  message: "The window says why. Correct it here and press the button again.",
};

async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.redirected) return SIGNED_OUT;
    if (answer.status === 403 || answer.status === 404) return NOT_BEGUN;
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

export function say(message) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(message);
  channel.close();
}

// Resolves with {state, title, message, next_url} once nothing more will happen. `moved` is told
// each time how it stands, and for how many seconds somebody waits. The server is first asked
// `after` milliseconds, for what it does not know yet.
export function watch(url, id, { moved = () => {}, signal, after = 0 } = {}) {
  const began = Date.now();
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    let timer = 0;
    let known = began;
    let over = false;
    const stop = () => {
      over = true;
      clearTimeout(timer);
      channel.close();
    };
    const end = (told) => {
      stop();
      resolve(told);
    };
    const look = async () => {
      clearTimeout(timer);
      const told = await ask(url);
      if (over) return;
      if (told !== NOT_BEGUN) known = Date.now();
      const missing = (Date.now() - known) / 1000;
      if (told.final || told.next_url || told === SIGNED_OUT || missing > MISSING_AT_MOST_SECONDS) {
        end(told);
        return;
      }
      const waited = (Date.now() - began) / 1000;
      moved(told.state, waited);
      clearTimeout(timer);
      timer = setTimeout(look, waited < 60 ? 1000 : 4000);
    };
    channel.onmessage = ({ data }) => {
      if (data?.attempt !== id) return;
      if (data.notBegun) end({ ...NOT_BEGUN, message: data.notBegun });
      else look();
    };
    signal?.addEventListener("abort", stop);
    if (after) timer = setTimeout(look, after);
    else look();
  });
}
