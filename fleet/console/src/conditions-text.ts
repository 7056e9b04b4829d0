import { formatMoment } from './format';
import type { Conditions } from './sharing-api';
import type { SharingTexts } from './sharing-texts';
import type { Language } from './texts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Conditions in a few words; what is not limited is not said. */
export const conditionsText = (
  { finest = 'raw', delayMs = 0, area, aggregation, from, to }: Conditions = {},
  words: SharingTexts,
  language: Language,
): string => {
  const moment = (ms: number) => formatMoment(new Date(ms).toISOString(), language);
  const said = [
    finest === 'raw' ? '' : words.finest(words.resolutions[finest]),
    delayMs === 0 ? '' : words.delay(spanText(delayMs, words)),
    area === undefined ? '' : words.inArea,
    aggregation === undefined ? '' : words.aggregated(aggregation.contributors),
    from === undefined ? '' : words.from(moment(from)),
    to === undefined ? '' : words.until(moment(to)),
  ];
  return said.filter(Boolean).join(' ; ');
};

const spanText = (ms: number, { spans }: SharingTexts): string => {
  if (ms % DAY === 0) return `${ms / DAY} ${spans.d}`;
  return ms % HOUR === 0 ? `${ms / HOUR} ${spans.h}` : `${Math.ceil(ms / MINUTE)} ${spans.min}`;
};
