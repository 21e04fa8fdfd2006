// What a tab remembers of the attempt that it waits for, so that loading the page again resumes it.
const KEY = `authorizing ${window.location.pathname}`;

export function remember(form, attempt) {
  const fields = [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && form.elements[name].type !== "hidden",
  );
  sessionStorage.setItem(KEY, JSON.stringify({ ...attempt, fields }));
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

// Returns {id, label} with the form filled in as it was; nothing for somebody who comes anew.
export function resume(form) {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const came = performance.getEntriesByType("navigation")[0]?.type;
  if (!kept || !["reload", "back_forward"].includes(came)) {
    forget();
    return null;
  }
  for (const [name, value] of kept.fields) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  form.dispatchEvent(new Event("change"));
  return kept;
}
