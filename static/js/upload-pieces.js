// Sends a file piece by piece, going on after whatever broke.
import { piece } from "./upload-piece.js";
import { post, state, Stop } from "./upload-requests.js";

const END = 1024 * 1024;

async function read(blob) {
  try {
    return await blob.arrayBuffer();
  } catch {
    throw new Stop("The file cannot be read any more: it was changed or moved. Choose it again.");
  }
}

// What tells a file from others without reading all of it.
async function marks(file) {
  const ends = await read(new Blob([file.slice(0, END), file.slice(-END)]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", ends));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { name: file.name, size: file.size, modified: file.lastModified, digest: hex };
}

// Ends early where the browser finds its network again.
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(over, seconds * 1000);
    function over() {
      clearTimeout(timer);
      window.removeEventListener("online", over);
      signal.removeEventListener("abort", over);
      resolve();
    }
    window.addEventListener("online", over);
    signal.addEventListener("abort", over);
  });
}

async function persistently(step, { onPause, signal }) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await step(failures > 0);
    } catch (error) {
      if (error instanceof Stop || signal.aborted) throw error;
      const seconds = Math.min(30, 2 ** failures);
      onPause(seconds, error.message);
      await pause(seconds, signal);
      signal.throwIfAborted();
    }
  }
}

// Returns where to go on. `on` has begun(upload), sent(bytes), resumed(bytes), received(), and what
// `persistently` takes. Throws a Stop, or whatever there is once it is aborted.
export async function send(file, url, token, on) {
  const said = await marks(file);
  const upload = await persistently(() => post(url, token, said, on.signal), on);
  on.begun(upload);
  let { offset } = upload;
  const next = async (isAgain) => {
    if (isAgain) {
      ({ offset } = await state(upload.pieces, on.signal));
      on.resumed(offset);
    }
    if (offset >= file.size) return;
    const body = await read(file.slice(offset, offset + upload.piece_bytes));
    const onProgress = (loaded) => on.sent(offset + Math.min(loaded, body.byteLength));
    await piece(upload.pieces, token, upload.claim, offset, body, onProgress, on.signal);
    offset += body.byteLength;
    on.sent(offset);
  };
  while (offset < file.size) await persistently(next, on);
  on.received();
  const complete = () => post(upload.complete, token, {}, on.signal);
  return (await persistently(complete, on)).next_url;
}
