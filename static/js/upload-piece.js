// Sends one piece of a file and says how far it is.
import { judge, SILENCE_MS } from "./upload-requests.js";

// By XMLHttpRequest: fetch does not say how far a body is on its way.
export function piece(url, token, claim, offset, body, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const over = () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    };
    const stop = () => request.abort();
    request.upload.addEventListener("progress", (event) => {
      heard();
      onProgress(event.loaded);
    });
    request.addEventListener("loadend", over);
    for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new Error("")));
    request.addEventListener("load", () => {
      const kind = request.getResponseHeader("Content-Type") ?? "";
      const { status, responseURL: there, responseText: text } = request;
      judge(url, { status, there, text, kind }).then(resolve, reject);
    });
    request.open("PATCH", url);
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.setRequestHeader("Upload-Offset", offset);
    request.setRequestHeader("Upload-Claim", claim);
    request.setRequestHeader("X-CSRFToken", token);
    signal.addEventListener("abort", stop);
    heard();
    request.send(body);
  });
}
