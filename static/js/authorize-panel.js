// The cards beside a form[data-authorize-popup]: what happens in the window, and the ways out.
const ANY_ATTEMPT = "00000000-0000-0000-0000-000000000000";
const CARDS = ["popup-blocked", "waiting", "checking", "outcome"];
const panel = document.querySelector("[data-authorize-panel]");
const said = document.querySelector("[data-authorize-said]");

export const part = (name) => panel.querySelector(`[data-${name}]`);
export const parts = (name) => panel.querySelectorAll(`[data-${name}]`);
export const address = (what, id) => panel.dataset[`${what}Url`].replace(ANY_ATTEMPT, id);

// Shows one card, or none. Focus goes to its heading where a person acted or must act, and where
// the focused button goes away.
export function show(name, { focus = true } = {}) {
  const held = panel.contains(document.activeElement);
  for (const each of CARDS) part(each).hidden = each !== name;
  // A link belongs to the attempt that it was made for.
  part("link-made").hidden = true;
  part("link").value = "";
  const heading = name && part(name).querySelector("h2");
  if (heading && (focus || held)) heading.focus();
  else if (heading) tell(heading.textContent);
}

export function isShown(name) {
  return !part(name).hidden;
}

// Says something to a screen reader without moving the focus.
export function tell(words) {
  said.textContent = words.replace(/\s+/g, " ").trim();
}

export function stillWaiting() {
  const words = part("still-waiting");
  if (!words.hidden) return;
  words.hidden = false;
  tell(words.textContent);
}

export function outcome({ title, message }) {
  part("outcome-title").textContent = title;
  part("outcome-message").textContent = message;
  show("outcome");
}
