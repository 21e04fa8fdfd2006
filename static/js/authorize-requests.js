// What the page behind asks of the server itself, without a window.
const headers = { Accept: "application/json" };

// Begins the form's attempt and returns the link to it; nothing where the form is refused.
export async function linkOf(form) {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  return answer.ok && isJson ? new URL((await answer.json()).url, window.location.href).href : null;
}

export async function stop(form, url) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  await fetch(url, { method: "POST", body, headers }).catch(() => {});
}
