import type { Directory, DirectoryPoint } from '#wire/directory.js';
import { decodeDirectory, type NamedDirectory } from '#wire/directory-codec.js';
import { WireError } from '#wire/errors.js';
import { LRUCache } from 'lru-cache';
import type { LogEntry } from '../store/log-store.js';
import type { RegistryStore, ResolvedPoint } from '../store/registry-store.js';
import type { DirectoryStep, PointMeta, StoredDirectory, ViewsWriter } from '../store/views-writer.js';
import { ProjectionError } from './errors.js';
import type { LegalDays } from './legal-day.js';

/**
 * A reading carries into one-minute cells for at most this long, whatever its directory says: it bounds what one
 * reading can make the projector write.
 */
const LONGEST_HOLD_MS = 86_400_000;

/** Points of the directories that are kept in memory: those of a thousand gateways with 200 points; about 44 MB. */
const MOST_POINTS = 200_000;
/** What a directory costs beside its points, in points. */
const DIRECTORY_WEIGHT = 5;

export interface Directories {
  /** `undefined` until the log has brought it. */
  find(source: string, hash: string): Promise<StoredDirectory | undefined>;
  /**
   * What a directory item brings, if anything; one that cannot be used is stored with its fault. Gives why it cannot
   * even be read, and rejects with what is worth a retry.
   */
  read(entry: LogEntry): Promise<DirectoryStep | string | undefined>;
  /** Drops what is remembered of uncommitted work. */
  forget(): void;
}

type Store = Pick<ViewsWriter, 'directory' | 'hasUnseen'>;

/** Asks the registry where the points of a directory are. */
type Resolver = Pick<RegistryStore, 'resolve'>;

/** Directories of all sources, with their points resolved by the registry. */
export const createDirectories = (
  views: Store,
  registry: Resolver,
  legalDays: Pick<LegalDays, 'isTimeZone'>,
  mostPoints = MOST_POINTS,
): Directories => {
  const known = new LRUCache<string, StoredDirectory>({
    maxSize: mostPoints,
    // what alone weighs more than all may is kept until the next comes
    sizeCalculation: (directory) => Math.min(mostPoints, weightOf(directory)),
  });
  return {
    find: async (source, hash) => {
      const key = `${source}/${hash}`;
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const directory = await views.directory(source, hash);
      if (directory !== undefined) known.set(key, directory);
      return directory;
    },
    read: async (entry) => {
      const named = open(entry.message);
      if (typeof named === 'string') return named;
      const hash = Buffer.from(named.hash).toString('hex');
      const { source } = entry;
      if ((await views.directory(source, hash)) !== undefined) return undefined;
      if (await views.hasUnseen(source, hash)) return { source, hash, content: 'seen' };
      return { source, hash, content: resolveOrFault({ registry, legalDays }, entry, named.directory) };
    },
    forget: () => {
      known.clear();
    },
  };
};

const weightOf = (directory: StoredDirectory): number =>
  DIRECTORY_WEIGHT + ('points' in directory ? directory.points.size : 0);

/** The directory, or why its bytes are none. */
const open = (message: Uint8Array): NamedDirectory | string => {
  try {
    return decodeDirectory(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.message;
  }
};

interface Resolving {
  readonly registry: Resolver;
  readonly legalDays: Pick<LegalDays, 'isTimeZone'>;
}

const resolveOrFault = (
  { registry, legalDays }: Resolving,
  entry: LogEntry,
  directory: Directory,
): StoredDirectory => {
  try {
    const resolved = registry.resolve(entry.source, directory, entry.receivedAt);
    return { points: metasOf(directory, resolved, legalDays) };
  } catch (error) {
    if (!(error instanceof ProjectionError)) throw error;
    return { fault: error.message };
  }
};

const metasOf = (
  directory: Directory,
  resolved: ReadonlyMap<number, ResolvedPoint>,
  legalDays: Resolving['legalDays'],
): ReadonlyMap<number, PointMeta> => {
  if (resolved.size === 0 && directory.points.length > 0) {
    throw new ProjectionError('unregistered', 'the registry knows no gateway of this source');
  }
  const metas = new Map<number, PointMeta>();
  for (const point of directory.points) {
    const place = resolved.get(point.number);
    if (place !== undefined) metas.set(point.number, metaOf(point, place, legalDays));
  }
  return metas;
};

const metaOf = (
  point: DirectoryPoint,
  place: ResolvedPoint,
  legalDays: Resolving['legalDays'],
): PointMeta => {
  if (!legalDays.isTimeZone(place.timeZone)) {
    throw new ProjectionError('time-zone', `${place.timeZone} is no time zone of the IANA database`);
  }
  return {
    point: place.number,
    kind: point.kind,
    valueType: point.valueType,
    intervalMs: point.intervalMs,
    maxHoldMs: Math.min(point.maxHoldMs, LONGEST_HOLD_MS),
    rollover: point.rollover ?? null,
    windows: point.windows,
    timeZone: place.timeZone,
  };
};
