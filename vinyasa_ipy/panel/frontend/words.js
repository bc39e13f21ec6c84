// Times in words. Sizes and durations come in words from Python; these change while one looks.

const SPANS = /** @type {[number, Intl.RelativeTimeFormatUnit][]} */ ([
  [31557600, 'year'],
  [2629800, 'month'],
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [5, 'second']
]);
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** Say how long ago a Unix time was: `3 minutes ago`, `just now`. @param {number} then */
export function ago(then) {
  const passed = Date.now() / 1000 - then;
  const [length, unit] = SPANS.find(([length]) => passed >= length) ?? [0, 'second'];
  return length ? relative.format(-Math.floor(passed / (unit === 'second' ? 1 : length)), unit) : 'just now';
}

/** Say how long something has been running: `7 s`, `3 min 5 s`. @param {number} seconds */
export function elapsed(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  if (hours) {
    return `${hours} h ${minutes} min`;
  }
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** Say when a Unix time was, to the second. @param {number} then */
export function moment(then) {
  return new Date(then * 1000).toLocaleString();
}

/** @param {number} number @param {string} one */
export function plural(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
