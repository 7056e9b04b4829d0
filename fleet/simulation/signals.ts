import type { DirectoryPoint } from '#wire/directory.js';
import { chance } from './chance.js';

export const SIGNAL_KINDS = ['gauge', 'counter', 'state', 'angle', 'decibel'] as const;
export type SignalKind = (typeof SIGNAL_KINDS)[number];

/** One simulated quantity: how its point is described, and its value at any tick. */
export interface Signal {
  readonly point: Pick<DirectoryPoint, 'kind' | 'valueType' | 'property' | 'unit' | 'states'>;
  /** `place` names the point among all. */
  valueAt(seed: number, place: number, tick: number): number;
}

/** What is drawn by chance, each for itself. */
const SLOW = 1;
const MIDDLE = 2;
const FAST = 3;
const MEAN = 4;
const STEP = 5;
const STATE = 6;

/** Wanders within ±1 and turns about every `ticks`. */
const wander = (seed: number, place: number, what: number, tick: number, ticks: number): number => {
  const node = Math.floor(tick / ticks);
  const t = tick / ticks - node;
  const from = chance(seed, place, what, node);
  const to = chance(seed, place, what, node + 1);
  return 2 * (from + (to - from) * t * t * (3 - 2 * t)) - 1;
};

/** Within ±1: hours, minutes, and a little noise. */
const weather = (seed: number, place: number, tick: number): number =>
  0.7 * wander(seed, place, SLOW, tick, 720) +
  0.25 * wander(seed, place, MIDDLE, tick, 60) +
  0.05 * wander(seed, place, FAST, tick, 3);

const round = (value: number, decimals: number): number => {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
};

const gaugeAt = (seed: number, place: number, tick: number): number =>
  round(10 + 10 * chance(seed, place, MEAN, 0) + 6 * weather(seed, place, tick), 2);

/** Runs at a pace that changes, and never back; begins at a place of its own. */
const COUNTER_TICKS = 90;
const COUNTER_PACE = 25;
const counterAt = (seed: number, place: number, tick: number): number => {
  const node = Math.floor(tick / COUNTER_TICKS);
  const t = tick / COUNTER_TICKS - node;
  const most = COUNTER_TICKS * COUNTER_PACE;
  const at = (which: number): number => most * (which + chance(seed, place, STEP, which));
  const from = at(node);
  return Math.floor(from + (at(node + 1) - from) * t);
};

/** Keeps a state for some ticks. */
const STATE_TICKS = 45;
const stateAt = (seed: number, place: number, tick: number): number => {
  const shift = Math.floor(STATE_TICKS * chance(seed, place, MEAN, 0));
  return chance(seed, place, STATE, Math.floor((tick + shift) / STATE_TICKS)) < 0.7 ? 0 : 1;
};

const angleAt = (seed: number, place: number, tick: number): number => {
  const turned = 360 * chance(seed, place, MEAN, 0) + 140 * weather(seed, place, tick);
  return Math.round(turned + 720) % 360;
};

const decibelAt = (seed: number, place: number, tick: number): number =>
  round(55 + 15 * weather(seed, place, tick), 1);

export const SIGNALS: Readonly<Record<SignalKind, Signal>> = {
  gauge: {
    point: { kind: 'gauge', valueType: 'float', property: 'air_temperature', unit: 'Cel' },
    valueAt: gaugeAt,
  },
  counter: {
    point: { kind: 'counter', valueType: 'integer', property: 'active_energy_import', unit: 'W.h' },
    valueAt: counterAt,
  },
  state: {
    point: {
      kind: 'state',
      valueType: 'state',
      property: 'contact_state',
      unit: '1',
      states: { '0': 'closed', '1': 'open' },
    },
    valueAt: stateAt,
  },
  angle: {
    point: { kind: 'angle', valueType: 'float', property: 'wind_direction', unit: 'deg' },
    valueAt: angleAt,
  },
  decibel: {
    point: { kind: 'decibel', valueType: 'float', property: 'sound_level_laeq', unit: 'dB[SPL]' },
    valueAt: decibelAt,
  },
};
