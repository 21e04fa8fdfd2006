// Shows how far a file is on its way, in a [data-upload-progress] panel.
import { bytes, Pace, percent, words } from "./upload-figures.js";

const QUIET_MS = 10_000;

export function show(panel, file) {
  const bar = panel.querySelector("progress");
  const figures = panel.querySelector("[data-upload-figures]");
  const status = panel.querySelector("[data-upload-words]");
  const pace = new Pace();
  let [heard, quarter] = [0, 0];
  const say = (text) => {
    heard = performance.now();
    status.textContent = text;
  };
  // The figures are not read out as they change; every quarter is.
  const sent = (number) => {
    bar.value = number;
    figures.textContent = words(number, file.size, pace.at(number));
    const reached = Math.floor(percent(number, file.size) / 25);
    if (reached > quarter && performance.now() - heard > QUIET_MS) say(`${reached * 25} % uploaded.`);
    quarter = Math.max(quarter, reached);
  };
  const onward = (number, how) => {
    pace.restart();
    quarter = Math.floor(percent(number, file.size) / 25);
    say(number ? `${how} Going on at ${bytes(number)}, where it stopped.` : "Uploading.");
    sent(number);
  };
  bar.max = file.size;
  panel.hidden = false;
  say("Reading the file.");
  return {
    say,
    sent,
    begun: (upload) => onward(upload.offset, "A part is here already."),
    resumed: (number) => onward(number, "Connected again."),
    received: () => say("Received. Looking at the columns."),
    onPause: (seconds, why) =>
      say(`${why || "The connection broke."} What arrived is kept. Trying again in ${seconds} s.`),
  };
}
