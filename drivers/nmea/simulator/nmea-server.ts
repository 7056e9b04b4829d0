import { isFieldPoint, type FieldPoint } from '../../profile.js';
import type { CreateDeviceServer, ServedDevice } from '../../simulator/device-server.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { createSpeaker } from '../../simulator/speak.js';
import { formatSentence } from '../sentence.js';
import { isReadSentence, SENTENCES, type Column } from '../sentences.js';

/** What most receivers do. */
const EVERY_MS = 1000;
const TALKER = 'GN';

const two = (number: number): string => String(number % 100).padStart(2, '0');

const timeOf = (timeMs: number): string => {
  const date = new Date(timeMs);
  const seconds = two(date.getUTCSeconds()) + (date.getUTCMilliseconds() / 1000).toFixed(3).slice(1);
  return two(date.getUTCHours()) + two(date.getUTCMinutes()) + seconds;
};

const dateOf = (timeMs: number): string => {
  const date = new Date(timeMs);
  return two(date.getUTCDate()) + two(date.getUTCMonth() + 1) + two(date.getUTCFullYear());
};

/** Twelve digits, and at most twelve behind the point: more of them, or an exponent, is no number of a sentence. */
const plain = (value: number): string => {
  const rounded = Number(value.toPrecision(12));
  return Math.abs(rounded) < 0.1 ? rounded.toFixed(12).replace(/\.?0+$/, '') : String(rounded);
};

const angle = (degrees: number, sides: string, limit: number): readonly string[] => {
  const whole = Math.floor(Math.abs(degrees) + 1e-9);
  const minutes = ((Math.abs(degrees) - whole) * 60).toFixed(6);
  const [north = '', south = ''] = sides;
  const width = limit === 90 ? 2 : 3;
  const text = String(whole).padStart(width, '0') + Math.max(0, Number(minutes)).toFixed(6).padStart(9, '0');
  return [text, degrees < 0 ? south : north];
};

/** What letters say where no point does: all is well. */
const LETTERS: Readonly<Record<string, string>> = {
  status: 'A',
  mode: 'A',
  selection: 'A',
  fix: '3',
  quality: '1',
};

const write = (column: Column, value: number | undefined, timeMs: number): readonly string[] => {
  switch (column.is) {
    case 'time':
      return [timeOf(timeMs)];
    case 'date':
      return [dateOf(timeMs)];
    case 'skip':
      return Array<string>(column.count).fill('');
    case 'position':
      return value === undefined ? ['', ''] : angle(value, column.sides, column.limit);
    case 'sided':
      return value === undefined ? ['', ''] : [plain(Math.abs(value)), value < 0 ? 'W' : 'E'];
    case 'measure': {
      const [letter = '', factor = 1] = Object.entries(column.units)[0] ?? [];
      return [value === undefined ? '' : plain(value / factor), letter];
    }
    case 'number':
      return [value === undefined ? '' : plain(value / (column.factor ?? 1))];
    case 'integer':
    case 'text': {
      const letter = LETTERS[column.name] ?? '';
      if (value === undefined || column.is === 'text') return [letter];
      // A simulated receiver has a fix.
      return [String(Math.max(Math.round(value), Number(letter)))];
    }
  }
};

const shaped = (type: string, values: ReadonlyMap<string, number>): readonly (readonly string[])[] => {
  if (type === 'GSV') return [['1', '1', plain(values.get('in_view') ?? 0)]];
  if (type === 'XDR')
    return [
      [...values].flatMap(([name, value]) => {
        const [kind = '', id = ''] = name.split('.');
        return kind === 'P'
          ? [kind, plain(value / 1000), 'B', id]
          : [kind, plain(value), kind === 'C' ? 'C' : '', id];
      }),
    ];
  return ['R', 'T'].flatMap((reference) => {
    const [direction, speed] = [values.get(`${reference}.angle`), values.get(`${reference}.speed`)];
    if (direction === undefined && speed === undefined) return [];
    return [
      [
        direction === undefined ? '' : plain(direction),
        reference,
        speed === undefined ? '' : plain(speed),
        'M',
        'A',
      ],
    ];
  });
};

/** Raw values of the points, by type of sentence and name of the field. */
const valuesOf = ({ profile, values }: ServedDevice, timeMs: number) => {
  const types = new Map<string, Map<string, number>>();
  const put = (point: FieldPoint): void => {
    const [type = '', ...name] = point.field.split('.');
    const value = values(point, timeMs);
    if (typeof value === 'string' || !isReadSentence(type)) return;
    const fields = types.get(type) ?? new Map<string, number>();
    types.set(type, fields.set(name.join('.'), (value - point.offset) / point.scale));
  };
  profile.points.filter(isFieldPoint).forEach(put);
  return types;
};

/** The sentences that a device with this profile says at a time, one after another. */
export const nmeaSentences = (device: ServedDevice, timeMs: number): Uint8Array => {
  const talker = /^[A-Z][A-Z0-9]$/.test(device.address) ? device.address : TALKER;
  const said = [...valuesOf(device, timeMs)].flatMap(([type, values]) => {
    const form = SENTENCES.get(type);
    const rows =
      form === undefined
        ? shaped(type, values)
        : [
            form.columns.flatMap((column) =>
              write(column, 'name' in column ? values.get(column.name) : undefined, timeMs),
            ),
          ];
    return rows.map((fields) => formatSentence(talker, type, fields));
  });
  return Uint8Array.from(said.flatMap((sentence) => [...sentence]));
};

/** Talkers that say their sentences every second, whatever their profiles. */
export const createNmeaServer: CreateDeviceServer = ({ devices, faults, now }) => {
  if (devices.length === 0) throw new SimulatorError('address', 'nobody would speak');
  return createSpeaker({
    everyMs: EVERY_MS,
    faults,
    next: () => {
      const spoken = devices.filter(({ address }) => !faults.silentUnits.includes(address));
      return Uint8Array.from(spoken.flatMap((device) => [...nmeaSentences(device, now())]));
    },
  });
};
