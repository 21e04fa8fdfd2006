// Follows a link [data-go-on] as soon as the server's part of the page brings one.
function goOn() {
  const link = document.querySelector("[data-go-on]");
  if (link) location.replace(link.href);
}

new MutationObserver(goOn).observe(document.body, { childList: true, subtree: true });
goOn();
