// Says sizes, rates and times in words.
// As the server's pages say them: a KB has 1024 bytes.
export function bytes(number) {
  const units = ["bytes", "KB", "MB", "GB"];
  const step = Math.min(3, Math.floor(Math.log2(Math.max(1, number)) / 10));
  return `${(number / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

function time(seconds) {
  const units = [[3600, "hour"], [60, "minute"], [1, "second"]];
  const [size, unit] = units.find(([each]) => seconds >= each * 1.5) ?? units[2];
  const count = Math.max(1, Math.round(seconds / size));
  return `${count} ${unit}${count > 1 ? "s" : ""}`;
}

// How fast it goes, over the last seconds: what was sent before a pause says nothing.
export class Pace {
  #samples = [];

  restart() {
    this.#samples = [];
  }

  // Returns bytes a second, or 0 while that is not known.
  at(sent) {
    const now = performance.now() / 1000;
    this.#samples.push([now, sent]);
    while (now - this.#samples[0][0] > 10) this.#samples.shift();
    const [since, before] = this.#samples[0];
    return now - since < 2 ? 0 : Math.max(0, (sent - before) / (now - since));
  }
}

export function percent(sent, total) {
  return Math.floor((sent / total) * 100);
}

export function words(sent, total, pace) {
  const how = `${bytes(sent)} of ${bytes(total)} (${percent(sent, total)} %)`;
  return pace ? `${how}, ${bytes(pace)}/s, about ${time((total - sent) / pace)} left` : how;
}
