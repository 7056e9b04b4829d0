/** Days of the ledger are UTC days, numbered from 1970-01-01. */
export const DAY_MS = 86_400_000;

/** `2026-11-21`. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
