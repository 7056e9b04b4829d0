import type { IdentityFields, PointFields } from '../../profile-fields.js';
import type { ChainModel, SunSpecChain } from './discover-chain.js';
import { SUNSPEC_MODELS, type Model, type ModelPoint } from './models.js';

/** "Not implemented", by type; floats say NaN. An accumulator's 0 is left a 0: a new device has it too. */
const SENTINELS: Readonly<Record<ModelPoint['type'], readonly number[]>> = {
  int16: [0x8000],
  uint16: [0xffff],
  enum16: [0xffff],
  uint32: [],
  float32: [],
};
/** Value and exponent must come in one request. */
const MOST_REGISTERS = 125;

interface Block {
  readonly prefix: string;
  readonly title: string;
  /** Address of the model's id: exponents count from here. */
  readonly model: number;
  /** Where the block's points count from. */
  readonly start: number;
}

const fieldsOf = (point: ModelPoint, { prefix, title, model, start }: Block): [string, PointFields] => {
  const { key, name, type, offset, exponent, phase: _phase, ...meaning } = point;
  const fields: PointFields = {
    name: `${title}${name}`,
    address: start + offset,
    type: type === 'enum16' ? 'uint16' : type,
    ...(exponent === undefined ? {} : { exponent: model + exponent }),
    ...meaning,
    ...(SENTINELS[type].length === 0 ? {} : { sentinels: [...SENTINELS[type]] }),
    ...(meaning.kind === 'counter' ? { interval: '1m' } : {}),
  };
  return [`${prefix}${key}`, fields];
};

const inReach = ([, { address = 0, exponent = address }]: readonly [string, PointFields]): boolean =>
  address - exponent < MOST_REGISTERS;

const blocksOf = (
  { address, length }: ChainModel,
  { repeating }: Model,
  prefix: string,
  title: string,
): readonly { readonly block: Block; readonly points: readonly ModelPoint[] }[] => {
  if (repeating === undefined) return [];
  const count = Math.max(0, Math.floor((length + 2 - repeating.at) / repeating.length));
  return Array.from({ length: count }, (_, index) => ({
    block: {
      prefix: `${prefix}input${index + 1}_`,
      title: `${title}Input ${index + 1}: `,
      model: address,
      start: address + repeating.at + index * repeating.length,
    },
    points: repeating.points,
  }));
};

/** Models that are read, each with the ordinal it has among those of its family. */
const known = (chain: SunSpecChain) => {
  const seen = new Map<string, number>();
  return chain.models.flatMap((found) => {
    const model = SUNSPEC_MODELS.get(found.id);
    if (model === undefined) return [];
    const ordinal = (seen.get(model.family) ?? 0) + 1;
    seen.set(model.family, ordinal);
    return [{ found, model, ordinal }];
  });
};

const TITLES: Readonly<Record<Model['family'], string>> = { inverter: 'Inverter', meter: 'Meter', dc: 'DC' };

/** The first inverter, and the inputs of the first 160, need no name of their own. */
const namesOf = (family: Model['family'], ordinal: number): Pick<Block, 'prefix' | 'title'> => {
  if (ordinal === 1 && family !== 'meter') return { prefix: '', title: '' };
  const number = ordinal === 1 ? '' : String(ordinal);
  return { prefix: `${family}${number}_`, title: `${TITLES[family]}${number && ` ${number}`}: ` };
};

/**
 * The points of a device's chain, as a profile's file says them, in the order of their registers. Inverters come
 * first-named; a meter's points begin with `meter_`, a second one's with `meter2_`. Models that are not known here
 * are passed over, and inputs too far from their exponents to be read with them.
 */
export const chainPoints = (chain: SunSpecChain): readonly (readonly [string, PointFields])[] =>
  known(chain).flatMap(({ found, model, ordinal }) => {
    const { prefix, title } = namesOf(model.family, ordinal);
    const block = { prefix, title, model: found.address, start: found.address };
    const own = model.points
      .filter(({ phase = 1 }) => phase <= model.phases)
      .map((point) => fieldsOf(point, block));
    const inputs = blocksOf(found, model, prefix, block.title).flatMap((input) =>
      input.points.map((point) => fieldsOf(point, input.block)),
    );
    return [...own, ...inputs].filter(inReach);
  });

const said = (text: string, address: number) =>
  text === ''
    ? []
    : [{ table: 'holding' as const, address, type: 'string' as const, length: 16, values: [text] }];

/** What tells this device from another, and this chain from one that an update has moved. */
export const chainIdentity = (chain: SunSpecChain): IdentityFields => ({
  registers: [
    ...said(chain.maker, chain.base + 4),
    ...said(chain.model, chain.base + 20),
    ...known(chain).map(({ found }) => ({
      table: 'holding' as const,
      address: found.address,
      type: 'uint16' as const,
      values: [found.id],
    })),
  ],
});
