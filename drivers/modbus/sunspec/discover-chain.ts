import type { Bus, UnitSettings } from '../../driver.js';
import type { Fault } from '../../sample.js';
import type { RegisterPoint } from '../../profile.js';
import { SunSpecError } from './sunspec-error.js';

/** One model of a chain. */
export interface ChainModel {
  readonly id: number;
  /** Address of the register that holds its id, counted from 0. */
  readonly address: number;
  /** Registers after its id and length. */
  readonly length: number;
}

/** What a SunSpec device says of itself, and the models that it has. */
export interface SunSpecChain {
  /** Where 'SunS' stands. */
  readonly base: number;
  readonly maker: string;
  readonly model: string;
  readonly version: string;
  readonly serial: string;
  /** In the order of their addresses, the common model (1) first. */
  readonly models: readonly ChainModel[];
}

/** Where the chain may begin, the usual place first (SunSpec Device Information Model, base addresses). */
const BASES = [40_000, 50_000, 0];
const MARK = 'SunS';
const END = 0xffff;
const COMMON = 1;
/** A device that never ends its chain must end all the same. */
const MOST_MODELS = 64;
/** Offsets and lengths in the common model, in registers from its id. */
const TEXTS = { maker: [2, 16], model: [18, 16], version: [42, 8], serial: [50, 16] } as const;

type Read = (address: number, count: number) => Promise<Uint8Array | Fault>;

const point = (address: number, count: number): RegisterPoint => ({
  key: 'registers',
  name: 'registers',
  kind: 'text',
  property: 'unknown',
  unit: '1',
  valueType: 'text',
  scale: 1,
  offset: 0,
  vectors: [],
  register: { table: 'holding', address, type: 'string', order: 'AB', length: count, sentinels: [] },
});

/** Registers as bytes, whatever they hold; a fault where the device did not give them. */
const reader =
  (bus: Pick<Bus, 'read'>, unit: UnitSettings, signal: AbortSignal): Read =>
  async (address, count) => {
    const [sample] = await bus.read({ unit, points: [point(address, count)] }, signal);
    if (sample !== undefined && sample.raw.length === 2 * count) return sample.raw;
    return sample?.fault ?? { code: 'frame', detail: 'nothing came' };
  };

/** What stands before the first NUL, as the decoder of texts takes it. */
const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/\0.*$/s, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();

const word = (bytes: Uint8Array, index: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(2 * index);

const findBase = async (read: Read): Promise<number | undefined> => {
  for (const base of BASES) {
    const bytes = await read(base, 2);
    if (bytes instanceof Uint8Array) {
      if (text(bytes) === MARK) return base;
    } else if (bytes.code === 'closed') throw unread(bytes);
  }
  return undefined;
};

const unread = ({ detail }: Fault): SunSpecError =>
  new SunSpecError('line', `the chain of SunSpec models cannot be read: ${detail}`);

const walk = async (read: Read, first: number): Promise<readonly ChainModel[]> => {
  const models: ChainModel[] = [];
  for (let address = first; models.length < MOST_MODELS;) {
    const head = await read(address, 2);
    if (!(head instanceof Uint8Array)) throw unread(head);
    const id = word(head, 0);
    if (id === END) return models;
    const length = word(head, 1);
    models.push({ id, address, length });
    address += 2 + length;
  }
  throw new SunSpecError('chain', `the chain of SunSpec models has no end after ${MOST_MODELS} models`);
};

/**
 * Finds 'SunS' and follows the chain of models to its end (SunSpec Device Information Model Specification). Gives
 * `undefined` where the unit is no SunSpec device. Rejects with a `SunSpecError` where the line is closed or a chain
 * that has begun cannot be read or understood, and with the signal's reason.
 */
export const discoverChain = async (
  bus: Pick<Bus, 'read'>,
  address: string,
  signal: AbortSignal,
): Promise<SunSpecChain | undefined> => {
  const read = reader(bus, { address, maxRegisters: 125 }, signal);
  const base = await findBase(read);
  if (base === undefined) return undefined;
  const models = await walk(read, base + 2);
  const [common] = models;
  if (common?.id !== COMMON)
    throw new SunSpecError(
      'chain',
      `the chain of SunSpec models begins with ${common?.id ?? 'its end'}, not with 1`,
    );
  const said = async ([offset, count]: readonly [number, number]): Promise<string> => {
    const bytes = await read(common.address + offset, count);
    if (!(bytes instanceof Uint8Array)) throw unread(bytes);
    return text(bytes);
  };
  return {
    base,
    maker: await said(TEXTS.maker),
    model: await said(TEXTS.model),
    version: await said(TEXTS.version),
    serial: await said(TEXTS.serial),
    models,
  };
};
