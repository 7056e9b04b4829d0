import { DAY, HOUR, MINUTE } from '../../store/periods.js';
import type { Conditions, Finest } from '../conditions.js';
import type { Limit } from '../decide.js';
import type { Selection } from '../selection.js';

/** What limits say, to people. */
export const LIMITS: Readonly<Record<Limit, string>> = {
  'other-purpose': 'it is given for other purposes',
  'no-dataset': 'its dataset is not there any more, or is another organisation’s',
  'private-dataset': 'its giver keeps the dataset private now',
  'not-in-force': 'the agreement is not in force now',
  withdrawn: 'its giver or its reader has withdrawn',
  'not-selected': 'the dataset does not select it',
  'outside-area': 'it is outside the area',
  'aggregate-only': 'it is given only in aggregates over several contributors (GET /api/v1/aggregates)',
  coarser: 'only coarser than asked for',
  delayed: 'not what is newer than the delay',
  running: 'not what still runs: whole cells alone',
  'outside-period': 'only a part of the period',
};

export const RESOLUTIONS: Readonly<Record<Finest, string>> = {
  raw: 'each reading',
  '1m': 'minutes',
  '15m': 'quarters of an hour',
  '1h': 'hours',
  '1d': 'days',
};

/** A time span in its largest whole unit. */
export const spanText = (ms: number): string => {
  const [unit, name] =
    ms % DAY === 0
      ? [DAY, 'd']
      : ms % HOUR === 0
        ? [HOUR, 'h']
        : ms % MINUTE === 0
          ? [MINUTE, 'min']
          : [1000, 's'];
  return `${ms / unit} ${name}`;
};

export const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** Conditions in a sentence; what is not limited is not said. */
export const conditionsText = (conditions: Conditions | undefined): string => {
  const { finest, delayMs, area, aggregation, from, to, onwardSharing } = conditions ?? {};
  const said = [
    finest === undefined || finest === 'raw' ? '' : `no finer than ${RESOLUTIONS[finest]}`,
    delayMs === undefined || delayMs === 0 ? '' : `at least ${spanText(delayMs)} old`,
    area === undefined ? '' : `within ${area.join(', ')}`,
    aggregation === undefined
      ? ''
      : `only aggregated over ${aggregation.contributors} contributors, none above ${Math.round(aggregation.maxShare * 100)} %`,
    from === undefined ? '' : `from ${timeText(from)}`,
    to === undefined ? '' : `before ${timeText(to)}`,
    onwardSharing === true ? 'may be passed on' : '',
  ];
  return said.filter(Boolean).join('; ');
};

export const selectionText = (selection: Selection | null): string => {
  if (selection === null) return 'what its owner chose';
  const { area, ...lists } = selection;
  const said = Object.entries(lists).map(([name, values]) => `${name} ${values.join(', ')}`);
  if (area !== undefined) said.push(`within ${area.join(', ')}`);
  return said.length === 0 ? 'everything that it has' : said.join('; ');
};
