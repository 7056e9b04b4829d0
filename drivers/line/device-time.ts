const ISO = /^([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,6})?)$/;
const MINUTE_MS = 60_000;

/** Of an instrument's clock, such as `+01:00`: what it is ahead of UTC, ms. */
const aheadMs = (offset: string): number => {
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (60 * hours + minutes) * MINUTE_MS;
};

/**
 * The time that an instrument gives (ISO 8601 without a zone), UTC ms, of a clock that is `offset` ahead of UTC. `undefined`
 * where it is none: a 30th of February is no time.
 */
export const deviceTime = (text: string, offset = '+00:00'): number | undefined => {
  const [whole, year, month, day, hour, minute, second] = ISO.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(date).toISOString().slice(0, 10) !== whole.slice(0, 10)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) >= 60) return undefined;
  const time = (60 * Number(hour) + Number(minute)) * MINUTE_MS + Math.round(1000 * Number(second));
  return date + time - aheadMs(offset);
};
