import { openBody, parseBatch } from '#wire/batch.js';
import type { Reading } from '#wire/readings.js';
import { chance } from './chance.js';
import { directoryOf } from './directory-of.js';
import type { EpochSeen, FleetView, ReadingSeen } from './fleet-view.js';
import { enrolledGateways, openGateway, type GatewayFolder } from './gateway-folder.js';
import { SimulationError, type Shape } from './settings.js';

const DAY_MS = 86_400_000;
const SAMPLE = 301;
/** Spans of a sampled point whose readings are compared one by one. */
const SPANS = 3;

export interface VerifyDeps {
  readonly folder: string;
  readonly shape: Shape;
  readonly view: FleetView;
  /** Points whose readings are looked at. */
  readonly sample: number;
  /** How long the projections may take to follow, ms. */
  readonly followMs: number;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly progress: (text: string) => void;
}

export interface Finding {
  readonly gatewayId: string;
  readonly what: string;
  readonly sent: number | string;
  readonly fleet: number | string;
}

/** Whether the fleet has what was sent. */
export interface Verification {
  readonly agrees: boolean;
  readonly gateways: number;
  readonly batches: number;
  readonly readings: number;
  /** What the fleet counts of it. */
  readonly fleetReadings: number;
  readonly duplicates: number;
  readonly sampledPoints: number;
  /** Readings compared one by one. */
  readonly compared: number;
  /** The first of them; `disagreements` says how many there are. */
  readonly findings: readonly Finding[];
  readonly disagreements: number;
}

const MOST_FINDINGS = 100;

class Findings {
  readonly list: Finding[] = [];
  count = 0;

  same(gatewayId: string, what: string, sent: number | string, fleet: number | string): void {
    if (sent === fleet) return;
    this.count += 1;
    if (this.list.length < MOST_FINDINGS) this.list.push({ gatewayId, what, sent, fleet });
  }
}

/**
 * Compares what the folder's gateways sealed with what the fleet has: every count of the ledger for each gateway, and
 * of a sample of points the counts of their days and readings one by one. Rejects with `SimulationError` where the
 * fleet's projections do not follow.
 */
export const verifySimulation = async (deps: VerifyDeps): Promise<Verification> => {
  const { folder, shape, view, progress } = deps;
  const numbers = enrolledGateways(folder);
  if (numbers.length === 0) throw new SimulationError('folder', `${folder} holds no simulated gateways.`);
  progress('waiting for the projections');
  await followed(deps);
  const findings = new Findings();
  const sums = { batches: 0, readings: 0, fleetReadings: 0, duplicates: 0 };
  const gateways: Sampled[] = [];
  for (const number of numbers) {
    const gateway = openGateway(folder, number, shape);
    try {
      const { gatewayId, epoch } = gateway.identity;
      const sent = sentBy(gateway);
      const epochs = await view.epochs(gatewayId);
      const seen = epochs?.find((candidate) => candidate.epoch === epoch);
      if (sent.batches > 0 || seen !== undefined) compareLedger(findings, gatewayId, sent, seen);
      sums.batches += sent.batches;
      sums.readings += sent.readings;
      sums.fleetReadings += seen?.readings ?? 0;
      sums.duplicates += seen?.duplicates ?? 0;
      if (sent.batches > 0) gateways.push({ number, gatewayId });
    } finally {
      gateway.spool.close();
    }
    progress(`ledger of ${number} of ${numbers.length} gateways`);
  }
  const { sampledPoints, compared } = await compareSample(deps, findings, gateways);
  return {
    agrees: findings.count === 0,
    gateways: numbers.length,
    ...sums,
    sampledPoints,
    compared,
    findings: findings.list,
    disagreements: findings.count,
  };
};

const followed = async ({ view, followMs, now, pause }: VerifyDeps): Promise<void> => {
  const until = now() + followMs;
  while ((await view.lag()) > 0) {
    if (now() > until) {
      throw new SimulationError(
        'fleet',
        `The projections are still behind the log after ${followMs / 1000} s.`,
      );
    }
    await pause(200);
  }
};

interface Sent {
  readonly batches: number;
  readonly readings: number;
}

const sentBy = ({ spool }: GatewayFolder): Sent => {
  let readings = 0;
  for (let seq = 1; seq <= spool.last; seq += 1) readings += spool.note(seq).readings;
  return { batches: spool.last, readings };
};

const NOTHING: EpochSeen = {
  epoch: '',
  addsUp: true,
  sealed: 0,
  stored: 0,
  readings: 0,
  duplicates: 0,
  late: 0,
  quarantined: 0,
  clones: 0,
  lostBatches: 0,
  missing: [],
};

const compareLedger = (findings: Findings, id: string, sent: Sent, seen = NOTHING): void => {
  findings.same(id, 'batches sealed', sent.batches, seen.sealed);
  findings.same(id, 'batches stored', sent.batches, seen.stored);
  findings.same(id, 'readings', sent.readings, seen.readings);
  findings.same(id, 'batches quarantined', 0, seen.quarantined);
  findings.same(id, 'copied batches', 0, seen.clones);
  findings.same(id, 'batches declared lost', 0, seen.lostBatches);
  const missing = seen.missing.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  findings.same(id, 'batches missing', 0, missing);
  findings.same(id, 'ledger adds up', 'yes', seen.addsUp ? 'yes' : 'no');
};

interface Sampled {
  readonly number: number;
  readonly gatewayId: string;
}

const compareSample = async (
  deps: VerifyDeps,
  findings: Findings,
  gateways: readonly Sampled[],
): Promise<{ sampledPoints: number; compared: number }> => {
  const { shape, sample, view, folder, progress } = deps;
  if (gateways.length === 0 || sample === 0) return { sampledPoints: 0, compared: 0 };
  const pointCount = shape.devices * shape.points;
  // of each drawn gateway as many points as it takes: its batches are read once for all of them
  const drawn = new Map<Sampled, Set<number>>();
  const wanted = Math.min(sample, gateways.length * pointCount);
  for (let draw = 0, taken = 0; taken < wanted; draw += 1) {
    const gateway = gateways[Math.floor(chance(shape.seed, SAMPLE, draw, 0) * gateways.length)];
    if (gateway === undefined) break;
    const points = drawn.get(gateway) ?? new Set<number>();
    const before = points.size;
    points.add(1 + Math.floor(chance(shape.seed, SAMPLE, draw, 1) * pointCount));
    drawn.set(gateway, points);
    taken += points.size - before;
  }
  const ids = await view.points(new Set([...drawn.keys()].map(({ gatewayId }) => gatewayId)));
  let compared = 0;
  let done = 0;
  for (const [gateway, points] of drawn) {
    const opened = openGateway(folder, gateway.number, shape);
    try {
      compared += await comparePoints({ view, findings, shape, gateway: opened, ids, points });
    } finally {
      opened.spool.close();
    }
    done += points.size;
    progress(`readings of ${done} of ${wanted} sampled points`);
  }
  return { sampledPoints: done, compared };
};

interface Comparison {
  readonly view: FleetView;
  readonly findings: Findings;
  readonly shape: Shape;
  readonly gateway: GatewayFolder;
  readonly ids: ReadonlyMap<string, string>;
  readonly points: ReadonlySet<number>;
}

/** What a gateway's batches say of one of its points. */
interface PointSent {
  count: number;
  first: number;
  last: number;
}

const comparePoints = async ({
  view,
  findings,
  shape,
  gateway,
  ids,
  points,
}: Comparison): Promise<number> => {
  const { gatewayId } = gateway.identity;
  const totals = new Map<number, PointSent>(
    [...points].map((point) => [point, { count: 0, first: Infinity, last: -Infinity }]),
  );
  for (let seq = 1; seq <= gateway.spool.last; seq += 1) {
    for (const [point, readings] of columnsOf(gateway, seq)) {
      const total = totals.get(point);
      if (total === undefined) continue;
      total.count += readings.length;
      for (const { time } of readings) {
        total.first = Math.min(total.first, time);
        total.last = Math.max(total.last, time);
      }
    }
  }
  let compared = 0;
  for (const [number, total] of totals) {
    const name = nameOf(shape, gateway, number);
    const id = ids.get(`${gatewayId}/${name}`);
    findings.same(gatewayId, `${name}: known`, 'yes', id === undefined ? 'no' : 'yes');
    if (id === undefined || total.count === 0) continue;
    // days are legal days: those that hold the first and the last reading begin within a day of them
    const counted = await view.counted(id, total.first - 2 * DAY_MS, total.last + DAY_MS);
    findings.same(gatewayId, `${name}: readings in its days`, total.count, counted);
    compared += await compareSpans({ view, findings, gateway, shape }, { id, number, name });
  }
  return compared;
};

const nameOf = (shape: Shape, gateway: GatewayFolder, number: number): string => {
  const { devices, points } = directoryOf(shape, gateway.number);
  const point = points[number - 1];
  const device = devices.find(({ key }) => key === point?.device);
  return `${device?.name ?? ''}/${point?.key ?? ''}`;
};

/** Readings of some batches one by one, as the fleet gives them and as they were sealed. */
const compareSpans = async (
  { view, findings, gateway, shape }: Pick<Comparison, 'view' | 'findings' | 'gateway' | 'shape'>,
  { id, number, name }: { readonly id: string; readonly number: number; readonly name: string },
): Promise<number> => {
  const { gatewayId, epoch } = gateway.identity;
  const seqs = new Set(
    Array.from(
      { length: SPANS },
      (_, span) =>
        1 + Math.floor(chance(shape.seed, SAMPLE + number, gateway.number, span) * gateway.spool.last),
    ),
  );
  let compared = 0;
  for (const seq of seqs) {
    const sent = columnsOf(gateway, seq).get(number) ?? [];
    if (sent.length === 0) continue;
    const times = sent.map(({ time }) => time);
    const found = await view.readings(id, Math.min(...times), Math.max(...times) + 1);
    const ordinals = new Set(sent.map(({ ordinal }) => ordinal));
    const seen = found.filter((reading) => reading.epoch === epoch && ordinals.has(reading.ordinal));
    findings.same(gatewayId, `${name}: readings of batch ${seq}`, sent.length, seen.length);
    const byOrdinal = new Map(seen.map((reading) => [reading.ordinal, reading]));
    for (const reading of sent) {
      findings.same(
        gatewayId,
        `${name}: reading ${reading.ordinal}`,
        textOf(reading),
        seenText(byOrdinal.get(reading.ordinal)),
      );
      compared += 1;
    }
  }
  return compared;
};

const textOf = ({ time, value, flag }: Pick<Reading, 'time' | 'value' | 'flag'>): string =>
  `${String(value)} at ${new Date(time).toISOString()}, flag ${flag}`;

const seenText = (seen: ReadingSeen | undefined): string =>
  seen === undefined ? 'none' : `${String(seen.value)} at ${seen.time}, flag ${seen.flag}`;

/** Readings of a sealed batch, by point. */
const columnsOf = ({ spool }: GatewayFolder, seq: number): ReadonlyMap<number, readonly Reading[]> => {
  const body = openBody(parseBatch(spool.message(seq)));
  return new Map(
    body.content === 'readings' ? body.columns.map(({ point, readings }) => [point, readings]) : [],
  );
};
