import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sealBatch, type BatchDraft } from '../../../agent/wire/batch.js';
import type { BatchContent } from '../../../agent/wire/body.js';
import { encodeDirectory } from '../../../agent/wire/directory-codec.js';
import type { Directory, DirectoryPoint } from '../../../agent/wire/directory.js';
import type { Reading } from '../../../agent/wire/readings.js';
import { createProjector, type Projector } from '../../../fleet/projections/projector.js';
import { newId } from '../../../fleet/registry/new-id.js';
import type { Scope } from '../../../fleet/sharing/scope.js';
import type { LogReader, LogWriter } from '../../../fleet/store/log-store.js';
import type { GatewayCertificate } from '../../../fleet/store/identity-store.js';
import type { RegistryStore } from '../../../fleet/store/registry-store.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { openViewsReader } from '../../../fleet/store/sqlite/views-reader.js';
import { openViewsWriter } from '../../../fleet/store/sqlite/views-writer.js';
import type { ViewsReader } from '../../../fleet/store/views-store.js';
import type { ViewsWriter } from '../../../fleet/store/views-writer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const GATEWAY = 'gateway000000000001';
export const EPOCH = '00112233445566ff';
/** 2026-03-10 10:00 UTC. */
export const T0 = Date.UTC(2026, 2, 10, 10);
export const NOW = T0 + 86_400_000;

export const everything = (...organisations: string[]): Scope => ({
  grants: organisations.map((organisationId) => ({ organisationId, finestMs: 0, delayMs: 0 })),
  shared: [],
});
export const ALL = everything('org');

export const point = (number: number, more: Partial<DirectoryPoint> = {}): DirectoryPoint => ({
  number,
  device: 'meter',
  key: `p${number}`,
  name: `Point ${number}`,
  kind: 'gauge',
  valueType: 'float',
  property: 'active_power',
  unit: 'W',
  intervalMs: 10_000,
  maxHoldMs: 60_000,
  windows: [],
  scale: 1,
  offset: 0,
  tests: {},
  ...more,
});

export const directoryOf = (...points: DirectoryPoint[]): Directory => ({
  configuration: 'c',
  devices: [
    {
      key: 'meter',
      name: 'Meter',
      protocol: 'modbus',
      bus: 'hall',
      address: '1',
      maker: 'm',
      model: 'm',
      profileHash: 'h',
      installation: {},
    },
  ],
  points,
});

export const reading = (
  ordinal: number,
  time: number,
  value: Reading['value'],
  more: Partial<Reading> = {},
): Reading => ({ ordinal, time, value, flag: 1, reason: 'none', clock: 'synced', uncertaintyMs: 0, ...more });

/** A fleet's three databases in a folder of their own, with one registered gateway. */
export interface FleetOfViews {
  readonly folder: string;
  readonly log: LogWriter;
  readonly entries: LogReader;
  readonly registry: RegistryStore;
  readonly views: ViewsWriter;
  readonly reader: ViewsReader;
  /** The one at work; see `restart`. */
  projector(): Projector;
  /** Another projector over the same files, which remembers nothing. */
  restart(): void;
  readonly quarantined: string[];
  sendDirectory(directory: Directory, source?: string): Promise<void>;
  send(directory: Directory, content: BatchContent, more?: Sent): Promise<void>;
  sendBytes(message: Uint8Array, seq: number): Promise<void>;
  /** Steps to the head; gives the count of transactions. */
  project(projector?: Projector): Promise<number>;
  /** Another projector over the same log into another file. */
  projectElsewhere(log?: (reader: LogReader) => Pick<LogReader, 'read'>): Promise<string>;
  pointId(key: string): Promise<string>;
  close(): Promise<void>;
}

export interface Sent {
  readonly source?: string;
  readonly epoch?: string;
  readonly seq?: number;
  readonly receivedAt?: number;
}

export const addGateway = (
  registry: RegistryStore,
  id: string,
  organisationId: string,
  certificate: Omit<GatewayCertificate, 'gatewayId'> = { thumbprint: id, pem: '', notBefore: 0, notAfter: 1 },
): void => {
  registry.addEnrolmentToken({ id, secretHash: id, organisationId, createdBy: 'p', expires: 1 });
  registry.claim(
    id,
    { gatewayId: id, at: 1, csrHash: 'c' },
    {
      id,
      organisationId,
      name: id,
      createdAt: 1,
      connected: false,
      lastSeen: null,
      epoch: null,
      agentVersion: null,
      clockState: null,
      lastError: null,
      health: null,
    },
    { ...certificate, gatewayId: id },
  );
};

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const stepToHead = async (projector: Projector): Promise<number> => {
  let steps = 0;
  while ((await projector.step()).applied > 0) steps += 1;
  return steps;
};

/** Directories of tests need no secret. */
const NO_SEED = new Uint8Array(16);

/** Nothing behind the door verifies a signature. */
const signer = (source: string) => ({
  source,
  certificate: new Uint8Array(32),
  sign: () => new Uint8Array(64),
});

export const seal = (
  directory: Directory,
  content: BatchContent,
  sent: Required<Omit<Sent, 'receivedAt'>>,
) => {
  const draft: BatchDraft = {
    epoch: sent.epoch,
    seq: sent.seq,
    lane: 'live',
    directory: encodeDirectory(directory, NO_SEED).hash,
    heldBack: 0,
    seed: new Uint8Array(16),
    ...content,
  };
  return sealBatch(draft, signer(sent.source)).message;
};

export const openFleetOfViews = (timeZone = 'Europe/Paris'): FleetOfViews =>
  openFleetIn(temporaryFolder(), { timeZone, newId });

/** The same in a folder that its caller makes and removes; `newId` makes ids of devices, locations and points. */
export const openFleetIn = (
  folder: string,
  { timeZone = 'Europe/Paris', newId }: { readonly timeZone?: string; readonly newId: () => string },
): FleetOfViews => {
  const path = (name: string): string => join(folder, `${name}.db`);
  const log = openLogWriter(path('log'));
  const registry = openRegistryStore(path('registry'), { newId });
  registry.addOrganisation({
    id: 'org',
    parentId: null,
    name: 'Communauté',
    type: 'intercommunality',
    code: null,
    timeZone,
  });
  addGateway(registry, GATEWAY, 'org');
  const views = openViewsWriter(path('views'));
  const entries = openLogReader(path('log'));
  const quarantined: string[] = [];
  const onQuarantine = ({ reason }: { reason: string }): void => void quarantined.push(reason);
  let projector = createProjector({ log: entries, views, registry, onQuarantine });
  const reader = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  let lastSeq = 0;
  let copies = 0;

  const append = async (
    source: string,
    epoch: string,
    seq: number,
    receivedAt: number,
    message: Uint8Array,
  ) => {
    await log.append([{ type: 'batch', source, epoch, seq, hash: sha256(message), receivedAt, message }]);
  };
  return {
    folder,
    log,
    entries,
    registry,
    views,
    reader,
    projector: () => projector,
    restart: () => {
      projector = createProjector({ log: entries, views, registry, onQuarantine });
    },
    quarantined,
    sendDirectory: async (directory, source = GATEWAY) => {
      const { bytes, hash } = encodeDirectory(directory, NO_SEED);
      await log.append([{ type: 'directory', source, hash, receivedAt: T0, message: bytes }]);
    },
    send: async (directory, content, more = {}) => {
      const { source = GATEWAY, epoch = EPOCH, seq = lastSeq + 1, receivedAt = T0 } = more;
      if (source === GATEWAY && epoch === EPOCH) lastSeq = Math.max(lastSeq, seq);
      await append(source, epoch, seq, receivedAt, seal(directory, content, { source, epoch, seq }));
    },
    sendBytes: async (message, seq) => {
      lastSeq = seq;
      await append(GATEWAY, EPOCH, seq, T0, message);
    },
    project: (which = projector) => stepToHead(which),
    projectElsewhere: async (wrap = (same) => same) => {
      copies += 1;
      const elsewhere = path(`copy-${copies}`);
      const writer = openViewsWriter(elsewhere);
      await stepToHead(
        createProjector({
          log: { ...entries, ...wrap(entries) },
          views: writer,
          registry,
          onQuarantine: () => undefined,
        }),
      );
      await writer.close();
      return elsewhere;
    },
    pointId: async (key) => {
      const found = (await reader.points(ALL, { limit: 1000 })).find((row) => row.key === key);
      if (found === undefined) throw new Error(`no point ${key}`);
      return found.id;
    },
    close: async () => {
      await reader.close();
      await views.close();
      await entries.close();
      registry.close();
      await log.close();
    },
  };
};

const TABLES = [
  'series order by point, time, origin, ordinal',
  'latest order by point',
  'rollup order by point, period, start',
  'origin order by number',
  'ledger_day order by origin, day',
  'loss order by origin, ordinal',
  'waiting order by position',
  'quarantine order by position',
  'carry order by point',
  'directory_point order by directory, number',
];

/** Every row that projections made, to compare two files. */
export const dump = (path: string): Record<string, unknown[]> => {
  const database = openDatabase(path, { readonly: true });
  try {
    return Object.fromEntries(
      TABLES.map((table) => [table, database.prepare(`select * from ${table}`).all()]),
    );
  } finally {
    database.close();
  }
};
