import type { FieldPoint } from '../../profile.js';
import { isFieldPoint } from '../../profile.js';
import type { CreateDeviceServer, ServedDevice } from '../../simulator/device-server.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { createSpeaker } from '../../simulator/speak.js';
import { ETX, STX } from '../frame.js';
import { formOf } from '../group-fields.js';
import { formatGroup, type TicMode } from '../group.js';
import { PERIOD_LABELS, STANDARD_LABELS, type LabelForm } from '../labels.js';
import { ticSection, type TicSection } from '../section.js';
import { RELAY_FIELDS, STATUS_FIELDS } from '../status.js';

/** A frame of standard mode takes about so long, its pause included. */
const FRAME_MS = 1500;
/** What the meter is called where the line does not say. */
const ADDRESS = '021861123456';
const HOUR_MS = 3_600_000;
/** Simulated days are those of winter time. */
const WINTER_MS = HOUR_MS;
const STANDARD_MODE = 0x20000;

const two = (number: number): string => String(number % 100).padStart(2, '0');

const clockOf = (timeMs: number): readonly string[] => {
  const date = new Date(timeMs + WINTER_MS);
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ].map(two);
};

/** A horodate of winter time. */
export const horodateOf = (timeMs: number): string => `H${clockOf(timeMs).join('')}`;

const dateOf = (timeMs: number): string => {
  const [year, month, day, ...time] = clockOf(timeMs);
  return `${day}/${month}/${year} ${time.join(':')}`;
};

/** The number on the line whose scaled value is a point's. */
const rawOf = (value: number | string, { scale, offset }: FieldPoint): number =>
  Math.max(0, Math.round((Number(value) - offset) / scale));

const dataOf = (raw: number, form: LabelForm, mode: TicMode, timeMs: number): string => {
  if (mode === 'historic' && form.digits === undefined) return `${raw}${form.unit ?? ''}`;
  const digits = form.digits ?? 1;
  const data = String(raw % 10 ** digits).padStart(digits, '0');
  return form.horodate === 'before' ? `${horodateOf(timeMs)}\t${data}` : data;
};

/** Groups that each frame has, whatever the profile. */
const HEAD: readonly string[] = ['ADSC', 'ADCO', 'ADS', 'DATE'];

/** Labels that say which tariff period is under way, and what they say where no value does. */
const TELLERS: ReadonlySet<string> = new Set(PERIOD_LABELS.values());
const PERIOD = 'HPH';

/** Values of parts of one label, such as the bits of its status register. */
const registerOf = (label: string, parts: ReadonlyMap<string, number>): number =>
  (label === 'STGE' ? STATUS_FIELDS : RELAY_FIELDS).reduce(
    (sum, { name, at, bits }) => sum + ((parts.get(name) ?? 0) & ((1 << bits) - 1)) * 2 ** at,
    label === 'STGE' && !parts.has('standard_mode') ? STANDARD_MODE : 0,
  );

const modeOf = (points: readonly FieldPoint[]): TicMode =>
  points.some(({ field }) => STANDARD_LABELS.has(field.split('.')[0] ?? '') && field !== 'DATE')
    ? 'standard'
    : 'historic';

/** Groups of the labels that points live in, in the order of the points. */
const groupsOf = (
  { profile, values }: ServedDevice,
  points: readonly FieldPoint[],
  mode: TicMode,
  timeMs: number,
): readonly Uint8Array[] => {
  const section: TicSection = ticSection(profile.section);
  const registers = new Map<string, Map<string, number>>();
  const groups = new Map<string, string>();
  for (const point of points) {
    const [label = '', part] = point.field.split('.');
    const value = values(point, timeMs);
    const teller = PERIOD_LABELS.get(label);
    const form = formOf(label, mode, section);
    if (form === undefined || HEAD.includes(label)) continue;
    if (TELLERS.has(label)) {
      if (!groups.has(label)) groups.set(label, PERIOD);
      continue;
    }
    if (part !== undefined && teller === undefined) {
      const parts = registers.get(label) ?? new Map<string, number>();
      registers.set(label, parts.set(part, rawOf(value, point)));
    } else if (form.type === 'text') {
      if (form.pattern?.test(String(value)) !== false) groups.set(label, String(value));
    } else {
      // Of the values of several periods, a meter tells those of one.
      if (part !== undefined && teller !== undefined && (groups.get(teller) ?? part) !== part) continue;
      if (part !== undefined && teller !== undefined) groups.set(teller, part);
      groups.set(label, dataOf(rawOf(value, point), form, mode, timeMs));
    }
  }
  for (const [label, parts] of registers) {
    const register = registerOf(label, parts);
    const data =
      label === 'STGE'
        ? register.toString(16).toUpperCase().padStart(8, '0')
        : two(register).padStart(3, '0');
    groups.set(label, data);
  }
  return [...groups].map(([label, data]) => formatGroup(label, data, mode));
};

const LARGE = /^(EA|ER|PA\d|PS|U10|EAPP|DebP|DATECOUR|MESURES)/;

/** The frame that a meter with this profile sends at a time: its address, its date, a group for each label. */
export const ticFrame = (device: ServedDevice, timeMs: number): Uint8Array => {
  const points = device.profile.points.filter(isFieldPoint);
  const mode = modeOf(points);
  const address =
    device.address === '' ? ADDRESS : device.address.toUpperCase().padStart(ADDRESS.length, '0');
  const large = mode === 'historic' && points.some(({ field }) => LARGE.test(field));
  const head =
    mode === 'standard'
      ? [formatGroup('ADSC', address, mode), formatGroup('DATE', `${horodateOf(timeMs)}\t`, mode)]
      : large
        ? [formatGroup('ADS', address, mode), formatGroup('DATE', dateOf(timeMs), mode)]
        : [formatGroup('ADCO', address, mode)];
  const groups = [...head, ...groupsOf(device, points, mode, timeMs)];
  return Uint8Array.from([STX, ...groups.flatMap((group) => [...group]), ETX]);
};

/** One meter that speaks all the time, whatever its profile: the labels of its points tell its mode. */
export const createTicServer: CreateDeviceServer = ({ devices, faults, now }) => {
  const [device, ...others] = devices;
  if (device === undefined || others.length > 0)
    throw new SimulatorError('address', 'a line of the TIC has one meter');
  return createSpeaker({
    everyMs: FRAME_MS,
    faults,
    next: () => (faults.silentUnits.includes(device.address) ? new Uint8Array(0) : ticFrame(device, now())),
  });
};
