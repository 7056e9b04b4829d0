import { deflateRawSync } from 'node:zlib';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor, type CborValue } from './cbor.js';
import type { Directory, DirectoryDevice, DirectoryPoint } from './directory.js';
import { WireError } from './errors.js';
import { entryLeaf, leafSalt, padSecret, SEED_BYTES, treeRoot } from './hash-tree.js';
import { inflateAtMost } from './inflate.js';
import { MAX_INFLATED_BYTES, MAX_LEAVES, MAX_MESSAGE_BYTES, MAX_PACKED } from './limits.js';
import { check, Text, Whole, type SameKeys } from './schemas.js';
import { KINDS, VALUE_TYPES } from './terms.js';

const oneOf = <const Words extends readonly string[]>(words: Words) =>
  Type.Refine(
    Type.Unsafe<Words[number]>({ type: 'string' }),
    (value) => words.includes(value),
    () => `must be one of ${words.join(', ')}`,
  );

const Milliseconds = Type.Integer({ minimum: 1, maximum: MAX_PACKED });

const DeviceSchema = Type.Object({
  key: Text,
  name: Text,
  protocol: Text,
  bus: Text,
  address: Text,
  maker: Text,
  model: Text,
  profileHash: Text,
  installation: Type.Object({
    serial: Type.Optional(Text),
    location: Type.Optional(Text),
    locationName: Type.Optional(Text),
    ratio: Type.Optional(Type.Number()),
    offset: Type.Optional(Type.Number()),
  }),
});

const PointSchema = Type.Object({
  number: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }),
  device: Text,
  key: Text,
  name: Text,
  kind: oneOf(KINDS),
  valueType: oneOf(VALUE_TYPES),
  property: Text,
  unit: Text,
  dialUnit: Type.Optional(Text),
  states: Type.Optional(Type.Record(Type.String(), Text)),
  intervalMs: Milliseconds,
  maxHoldMs: Whole,
  windows: Type.Array(Milliseconds),
  rollover: Type.Optional(Type.Number()),
  scale: Type.Number(),
  offset: Type.Number(),
  tests: Type.Object({
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    maxRatePerS: Type.Optional(Type.Number()),
    flatLineMs: Type.Optional(Type.Number()),
    gapMs: Type.Optional(Type.Number()),
    usualMin: Type.Optional(Type.Number()),
    usualMax: Type.Optional(Type.Number()),
    spike: Type.Optional(Type.Number()),
    spikeBad: Type.Optional(Type.Number()),
    climatology: Type.Optional(Type.Record(Type.String(), Type.Tuple([Type.Number(), Type.Number()]))),
  }),
  deadband: Type.Optional(Type.Number()),
  deadbandPercent: Type.Optional(Type.Number()),
});

const DirectorySchema = Type.Object({
  configuration: Text,
  devices: Type.Array(DeviceSchema),
  points: Type.Array(PointSchema),
});

/** Where a schema and its interface differ in a key, `Parsed` is `never`: a type error below. */
type Agreed = readonly [
  SameKeys<Static<typeof PointSchema>, DirectoryPoint>,
  SameKeys<Static<typeof DeviceSchema>, DirectoryDevice>,
  SameKeys<Static<typeof PointSchema>['tests'], DirectoryPoint['tests']>,
  SameKeys<Static<typeof DeviceSchema>['installation'], DirectoryDevice['installation']>,
  SameKeys<Static<typeof DirectorySchema>, Directory>,
];
type Parsed = Agreed extends readonly true[] ? Directory : never;

const validator = Compile(DirectorySchema);
const pointEntries = Compile(Type.Object({ point: PointSchema }));
const deviceEntries = Compile(Type.Object({ device: DeviceSchema }));

const requireConsistent = (directory: Directory, code: 'malformed' | 'unencodable'): Parsed => {
  const devices = new Set(directory.devices.map((device) => device.key));
  if (devices.size !== directory.devices.length)
    throw new WireError(code, 'directory: a device key appears twice');
  const numbers = new Set<number>();
  for (const point of directory.points) {
    const where = `directory: point ${point.number} (${point.device}/${point.key})`;
    if (numbers.has(point.number)) throw new WireError(code, `${where} has a number that is taken`);
    if (!devices.has(point.device)) throw new WireError(code, `${where} is of a device that is not listed`);
    numbers.add(point.number);
  }
  return directory;
};

/** A directory as it came. */
export interface NamedDirectory {
  readonly directory: Directory;
  /** Its name: the root of the hash tree over its salted entries. */
  readonly hash: Uint8Array;
  readonly seed: Uint8Array;
  /** What the leaves are of: the configuration, then the devices, then the points, as in `directory`. */
  readonly entries: readonly Uint8Array[];
}

/** Keys of the map. */
const SEED = 1;
const ENTRIES = 2;

const entriesOf = ({ configuration, devices, points }: Directory): readonly Uint8Array[] =>
  [{ configuration }, ...devices.map((device) => ({ device })), ...points.map((point) => ({ point }))].map(
    encodeCbor,
  );

/** Leaves of a directory's hash tree. */
export const directoryLeaves = (entries: readonly Uint8Array[], seed: Uint8Array): readonly Uint8Array[] =>
  entries.map((entry, index) => entryLeaf(leafSalt(seed, index), entry));

const nameOf = (entries: readonly Uint8Array[], seed: Uint8Array): Uint8Array =>
  treeRoot(directoryLeaves(entries, seed), padSecret(seed));

const requireAtMost = (bytes: Uint8Array, limit: number, what: string): Uint8Array => {
  if (bytes.length <= limit) return bytes;
  throw new WireError('too-large', `directory has ${bytes.length} bytes${what}; the limit is ${limit}`);
};

/**
 * Encodes a directory as the payload of `up/directory`. Its name, `hash`, is the root of the hash tree over its
 * entries, salted from `seed`: 16 random bytes, kept for as long as the content stays the same. Throws `WireError`
 * 'unencodable' naming the key, or 'too-large'.
 */
export const encodeDirectory = (
  directory: Directory,
  seed: Uint8Array,
): { bytes: Uint8Array; hash: Uint8Array } => {
  const parsed = requireConsistent(check(validator, directory, 'directory', 'unencodable'), 'unencodable');
  if (seed.length !== SEED_BYTES) throw new WireError('unencodable', `a seed has ${SEED_BYTES} bytes`);
  const entries = entriesOf(parsed);
  const plain = encodeCbor(
    new Map<number, unknown>([
      [SEED, seed],
      [ENTRIES, entries],
    ]),
  );
  requireAtMost(plain, MAX_INFLATED_BYTES, '');
  const bytes = new Uint8Array(deflateRawSync(plain, { level: 9 }));
  return { bytes: requireAtMost(bytes, MAX_MESSAGE_BYTES, ' deflated'), hash: nameOf(entries, seed) };
};

/** Puts entries, each a map of one key, together again; kinds that this version does not know are ignored. */
const assemble = (entries: readonly Uint8Array[]): unknown => {
  const found = { configuration: undefined as unknown, devices: [] as unknown[], points: [] as unknown[] };
  for (const bytes of entries) {
    const entry = decodeCbor(bytes);
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry) || entry instanceof Uint8Array) {
      throw new WireError('malformed', 'directory: an entry is not a map');
    }
    if ('configuration' in entry) found.configuration = entry.configuration;
    if ('device' in entry) found.devices.push(entry.device);
    if ('point' in entry) found.points.push(entry.point);
  }
  return found;
};

/** The point that an entry of a directory describes. Throws `WireError`. */
export const decodePointEntry = (entry: Uint8Array): DirectoryPoint =>
  check(pointEntries, decodeCbor(entry), 'directory entry', 'malformed').point;

/** The device that an entry of a directory describes. Throws `WireError`. */
export const decodeDeviceEntry = (entry: Uint8Array): DirectoryDevice =>
  check(deviceEntries, decodeCbor(entry), 'directory entry', 'malformed').device;

/** Decodes and validates a directory. Throws `WireError`. */
export const decodeDirectory = (bytes: Uint8Array): NamedDirectory => {
  const plain = inflateAtMost(requireAtMost(bytes, MAX_MESSAGE_BYTES, ''), MAX_INFLATED_BYTES);
  const map = decodeCbor(plain);
  const fields = new Map<unknown, CborValue>(map instanceof Map ? map : []);
  const seed = fields.get(SEED);
  const list = fields.get(ENTRIES);
  if (!(seed instanceof Uint8Array) || seed.length !== SEED_BYTES || !Array.isArray(list)) {
    throw new WireError('malformed', 'directory: not a map of a seed and entries');
  }
  const entries = list.map((entry: CborValue) => {
    if (entry instanceof Uint8Array) return entry;
    throw new WireError('malformed', 'directory: an entry is not a byte string');
  });
  if (entries.length > MAX_LEAVES)
    throw new WireError('too-large', `directory has over ${MAX_LEAVES} entries`);
  const parsed = check(validator, assemble(entries), 'directory', 'malformed');
  return {
    directory: requireConsistent(parsed, 'malformed'),
    hash: nameOf(entries, seed),
    seed,
    entries,
  };
};
