// On the popup's last page: tells the page behind that there is news, and closes a success by itself.
for (const element of document.querySelectorAll("[data-announce-attempt]")) {
  const channel = new BroadcastChannel("authorizations");
  channel.postMessage({ attempt: element.dataset.announceAttempt });
  channel.close();
  const after = Number(element.dataset.closeAfter);
  if (after) setTimeout(() => window.close(), after);
}
