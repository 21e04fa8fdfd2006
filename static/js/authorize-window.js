// The window in which somebody approves: its name is its attempt's, so that two never mix.
export const windowName = (id) => `authorize-${id}`;

export const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );

// Returns nothing where the browser blocks it. Only in a click, before any waiting.
export function openWindow(url, id) {
  try {
    return window.open(url, windowName(id), "popup,width=560,height=760");
  } catch {
    return null;
  }
}
