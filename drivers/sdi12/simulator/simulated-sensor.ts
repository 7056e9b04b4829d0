import { isFieldPoint, type FieldPoint } from '../../profile.js';
import type { ServedDevice } from '../../simulator/device-server.js';
import { encodePacket } from '../binary-packet.js';
import { crc16, crcText } from '../crc.js';
import { placeOf } from '../fields.js';
import {
  measurementName,
  parseCommandBody,
  type Measurement,
  type MeasurementKind,
} from '../measurements.js';

/** Most characters of values in a response: after M, V and R, and after C and HA (SDI-12 1.4, 4.4.8). */
const SHORT = 35;
const LONG = 75;
const FLOAT32 = 9;
/** Values in one binary packet. */
const PACKET_VALUES = 250;
const DIGITS = 7;
/** How long every measurement is said to take, s. */
const SECONDS = 1;

const COUNT_DIGITS: Readonly<Record<MeasurementKind, number>> = {
  M: 1,
  V: 1,
  C: 2,
  R: 2,
  X: 2,
  HA: 3,
  HB: 3,
};

/** What a sensor says, and what follows unasked. */
export interface SensorAnswer {
  readonly bytes: Uint8Array;
  /** The service request of a measurement that has the line to itself. */
  readonly afterwards?: Uint8Array;
}

export interface SimulatedSensor {
  readonly address: string;
  /** Answers what stands between address and `!`; nothing where it does not know the command. */
  answer(body: string, timeMs: number): SensorAnswer | undefined;
}

/** A value as SDI-12 writes it: a sign, at most seven digits, a point among them. */
export const valueText = (value: number): string => {
  const size = Math.abs(value);
  const before = Math.max(1, Math.trunc(size).toString().length);
  const text = Math.min(size, 10 ** DIGITS - 1).toFixed(Math.max(0, Math.min(DIGITS - before, 4)));
  return `${value < 0 ? '-' : '+'}${text.slice(0, DIGITS + 1)}`;
};

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const line = (text: string): Uint8Array => latin1(`${text}\r\n`);
const withCrc = (text: string, crc: boolean): Uint8Array =>
  line(crc ? text + crcText(crc16(latin1(text))) : text);

const pad = (text: string, length: number): string => text.slice(0, length).padEnd(length);

/** Pages of values, as many in each as its characters allow. */
const pagesOf = (texts: readonly string[], most: number): readonly string[] => {
  const pages: string[] = [];
  for (const text of texts) {
    const last = pages.at(-1);
    if (last === undefined || last.length + text.length > most) pages.push(text);
    else pages[pages.length - 1] = last + text;
  }
  return pages;
};

/** The count of an announcement. */
const counted = ({ kind }: Measurement, values: number): string =>
  String(values).padStart(COUNT_DIGITS[kind], '0');

/** What was measured last, to be fetched. */
interface Held {
  readonly pages: readonly string[];
  readonly values: readonly number[];
  readonly crc: boolean;
}

const NOTHING: Held = { pages: [], values: [], crc: false };

/** A sensor that has the measurements that its profile's fields name. */
class SimulatedProbe implements SimulatedSensor {
  readonly #device: ServedDevice;
  readonly #points: readonly FieldPoint[];
  #address: string;
  #held = NOTHING;

  constructor(device: ServedDevice) {
    this.#device = device;
    this.#points = device.profile.points.filter(isFieldPoint);
    this.#address = device.address;
  }

  get address(): string {
    return this.#address;
  }

  answer(body: string, timeMs: number): SensorAnswer | undefined {
    if (body === '') return { bytes: line(this.#address) };
    if (body === 'I') return { bytes: this.#identification() };
    const [, to] = /^A([0-9A-Za-z])$/.exec(body) ?? [];
    if (to !== undefined) return { bytes: line((this.#address = to)) };
    const bytes = this.#fetched(body) ?? this.#described(body);
    return bytes === undefined ? this.#commanded(body, timeMs) : { bytes };
  }

  /** Points of a measurement by the place of their values. */
  #pointsOf(name: string): ReadonlyMap<number, FieldPoint> {
    return new Map(
      this.#points.flatMap((point): readonly (readonly [number, FieldPoint])[] => {
        const place = placeOf(point.field);
        const own =
          place !== undefined && 'measurement' in place && measurementName(place.measurement) === name;
        return own ? [[place.index, point]] : [];
      }),
    );
  }

  #measured(measurement: Measurement, timeMs: number): readonly number[] {
    const mapped = this.#pointsOf(measurementName(measurement));
    return Array.from({ length: Math.max(0, ...mapped.keys()) }, (_, index) => {
      const point = mapped.get(index + 1);
      return point === undefined
        ? 0
        : (Number(this.#device.values(point, timeMs)) - point.offset) / point.scale;
    });
  }

  #commanded(body: string, timeMs: number): SensorAnswer | undefined {
    const command = parseCommandBody(body);
    if (command === undefined) return undefined;
    const { measurement, crc } = command;
    const values = this.#measured(measurement, timeMs);
    const texts = values.map(valueText);
    if (measurement.kind === 'R' || measurement.kind === 'X')
      return { bytes: withCrc(`${this.#address}${texts.join('')}`, crc) };
    const long = measurement.kind === 'C' || measurement.kind === 'HA';
    this.#held = { values, crc, pages: pagesOf(texts, long ? LONG : SHORT) };
    const seconds = String(values.length === 0 ? 0 : SECONDS).padStart(3, '0');
    const bytes = line(`${this.#address}${seconds}${counted(measurement, values.length)}`);
    const serves = measurement.kind === 'M' || measurement.kind === 'V';
    return serves && values.length > 0 ? { bytes, afterwards: line(this.#address) } : { bytes };
  }

  #fetched(body: string): Uint8Array | undefined {
    const [, binary, page] = /^D(B?)([0-9]{1,3})$/.exec(body) ?? [];
    if (page === undefined) return undefined;
    const { pages, values, crc } = this.#held;
    if (binary === '') return withCrc(`${this.#address}${pages[Number(page)] ?? ''}`, crc);
    const from = Number(page) * PACKET_VALUES;
    return encodePacket(this.#address, FLOAT32, values.slice(from, from + PACKET_VALUES));
  }

  #described(body: string): Uint8Array | undefined {
    const [, name = '', index] = /^I([MCRVH][A-Z]?[0-9]?)(?:_([0-9]{3}))?$/.exec(body) ?? [];
    const command = parseCommandBody(name);
    if (command === undefined) return undefined;
    const mapped = this.#pointsOf(measurementName(command.measurement));
    // 6.1 asks how many values a measurement has that is started: not of R, nor of X.
    if (index === undefined && 'RX'.includes(command.measurement.kind)) return undefined;
    if (index === undefined)
      return line(`${this.#address}000${counted(command.measurement, Math.max(0, ...mapped.keys()))}`);
    const point = mapped.get(Number(index));
    return (
      point && withCrc(`${this.#address},${point.key.slice(0, 8)},${point.unit},${point.name};`, command.crc)
    );
  }

  #identification(): Uint8Array {
    const { identity, maker, model } = this.#device.profile;
    const { vendor = maker, product = model } = identity?.device ?? {};
    return line(`${this.#address}14${pad(vendor, 8)}${pad(product, 6)}100SIM${this.#address}`);
  }
}

export const createSimulatedSensor = (device: ServedDevice): SimulatedSensor => new SimulatedProbe(device);
