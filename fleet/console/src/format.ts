import type { Latest } from './api';
import type { Language } from './texts';

/** UCUM codes as people write them; others are shown as they are, and `{...}` names what is counted, not a unit. */
const SYMBOLS: Record<string, string> = {
  Cel: '°C',
  deg: '°',
  'dB[SPL]': 'dB',
  'kW.h': 'kWh',
  'W.h': 'Wh',
  m3: 'm³',
  'm3/h': 'm³/h',
  'W/m2': 'W/m²',
  '1': '',
};

export const localeOf = (language: Language): string => (language === 'fr' ? 'fr-FR' : 'en-GB');

export const symbolOf = (unit: string): string => SYMBOLS[unit] ?? unit.replace(/^\{.*\}$/, '');

/** A name with its unit, where there is one. */
export const withUnit = (name: string, unit: string): string => {
  const symbol = symbolOf(unit);
  return symbol === '' ? name : `${name} (${symbol})`;
};

export const formatNumber = (value: number, language: Language): string =>
  new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: 3 }).format(value);

export const formatValue = ({ value, unit }: Latest, language: Language): string => {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  return `${formatNumber(value, language)} ${symbolOf(unit)}`.trim();
};

/** The time of day, with the date where that is not today's. */
/** A time with its date, to the minute. */
export const formatMoment = (time: string, language: Language): string =>
  new Date(time).toLocaleString(localeOf(language), { dateStyle: 'medium', timeStyle: 'short' });

export const formatTime = (time: string, language: Language): string => {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString(localeOf(language)) : date.toLocaleString(localeOf(language));
};

/** Labels of a time axis whose ticks are `stepSeconds` apart: the day where a new one begins, else the time. */
export const formatTick = (seconds: number, stepSeconds: number, language: Language): string => {
  const date = new Date(seconds * 1000);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (stepSeconds >= 86_400 || midnight) {
    return date.toLocaleDateString(localeOf(language), { day: 'numeric', month: 'short' });
  }
  return date.toLocaleTimeString(localeOf(language), {
    hour: '2-digit',
    minute: '2-digit',
    ...(stepSeconds < 60 ? { second: '2-digit' } : {}),
  });
};
