// While somebody waits for an approval, what was filled in is not changed any more.
const visible = (form) => [...form.elements].filter((element) => element.type !== "hidden");

// Only after a submit that is under way has gone out: what is disabled is not sent.
export function lock(form) {
  form.dataset.locked = "";
  setTimeout(() => {
    for (const element of visible(form)) element.disabled = isLocked(form);
  });
}

export function unlock(form) {
  delete form.dataset.locked;
  for (const element of visible(form)) element.disabled = false;
}

export function isLocked(form) {
  return form.dataset.locked !== undefined;
}
