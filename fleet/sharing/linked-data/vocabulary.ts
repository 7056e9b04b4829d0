import { Duration } from 'luxon';
import type { Audience, DatasetContent } from '../dataset.js';

const AUTHORITY = 'http://publications.europa.eu/resource/authority';

/** Of the EU's authority tables. */
export const authority = (table: string, code: string): string => `${AUTHORITY}/${table}/${code}`;

export const DATA_THEMES = `${AUTHORITY}/data-theme`;

/** By the SPDX License List; whose text a `custom` licence is, it says itself. */
const LICENCES: Readonly<Partial<Record<DatasetContent['licence']['key'], string>>> = {
  'licence-ouverte-2.0': 'https://spdx.org/licenses/etalab-2.0',
  'odbl-1.0': 'https://spdx.org/licenses/ODbL-1.0',
};

/** Where the licence stands; `undefined`: nothing is licensed beyond agreements. */
export const licenceOf = ({ key, url }: DatasetContent['licence']): string | undefined =>
  LICENCES[key] ?? url;

/** EU authority table of access rights. */
export const ACCESS_RIGHTS: Readonly<Record<Audience, string>> = {
  open: authority('access-right', 'PUBLIC'),
  agreement: authority('access-right', 'RESTRICTED'),
  private: authority('access-right', 'NON_PUBLIC'),
};

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** EU authority table of frequencies, with the longest period that each stands for, s. */
const FREQUENCIES: readonly (readonly [seconds: number, code: string])[] = [
  [MINUTE - 1, 'CONT'],
  [MINUTE, '1MIN'],
  [5 * MINUTE, '5MIN'],
  [10 * MINUTE, '10MIN'],
  [15 * MINUTE, '15MIN'],
  [30 * MINUTE, '30MIN'],
  [HOUR, 'HOURLY'],
  [2 * HOUR, 'BIHOURLY'],
  [3 * HOUR, 'TRIHOURLY'],
  [12 * HOUR, '12HRS'],
  [DAY, 'DAILY'],
  [7 * DAY, 'WEEKLY'],
  [14 * DAY, 'BIWEEKLY'],
  [31 * DAY, 'MONTHLY'],
  [92 * DAY, 'QUARTERLY'],
  [366 * DAY, 'ANNUAL'],
];

/** The frequency that a periodicity (ISO 8601 duration, or `irregular`) comes to; never a more frequent one. */
export const frequencyOf = (periodicity: string): string => {
  if (periodicity === 'irregular') return authority('frequency', 'IRREG');
  const duration = Duration.fromISO(periodicity);
  const seconds = duration.isValid ? duration.as('seconds') : Infinity;
  const [, code = 'OTHER'] = FREQUENCIES.find(([longest]) => seconds <= longest) ?? [];
  return authority('frequency', code);
};
