// What the page behind asks of the server itself, without a window.
const headers = { Accept: "application/json" };

// Begins the form's attempt and returns the link to it; nothing where the form is refused.
export async function linkOf(form) {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  return answer.ok && isJson ? new URL((await answer.json()).url, window.location.href).href : null;
}

// Says whether the server knew the attempt.
export async function stop(form, url) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  // Goes out also where the page is left in the same click.
  const answer = await fetch(url, { method: "POST", body, headers, keepalive: true }).catch(() => null);
  return Boolean(answer?.ok);
}

export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
