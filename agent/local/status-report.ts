import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Acquisition } from '../acquisition/acquisition.js';
import type { LiveReading } from '../acquisition/acquired-point.js';
import type { Buffer } from '../buffer/buffer.js';
import type { Clock } from '../clock/clock.js';
import type { EnrolmentView } from '../identity/await-identity.js';
import type { UplinkView } from '../uplink/uplink.js';
import { LocalError } from './errors.js';
import { UnitReport, unitReports } from './unit-report.js';

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const BusReport = Type.Object({
  key: Type.String(),
  polls: Type.Object({
    ok: Type.Number(),
    timeouts: Type.Number(),
    errors: Type.Number(),
    missed: Type.Number(),
  }),
  lagMs: Type.Number(),
  lateReplies: Type.Number(),
  checksumErrors: Type.Number(),
  reconnects: Type.Number(),
  /** Share of time in which the line is busy. */
  load: Type.Number(),
  /** How many times faster the bus would have to be for its deadlines of the last minute; 1 where it keeps up. */
  behindFactor: Type.Number(),
  units: Type.Array(UnitReport),
});

const LatestReport = Type.Object({
  device: Type.String(),
  point: Type.String(),
  name: Type.String(),
  /** In `unit`; integers beyond 2^53 as text. */
  value: Nullable(Type.Union([Type.Number(), Type.String()])),
  unit: Type.String(),
  flag: Type.Number(),
  reason: Type.String(),
  time: Type.Number(),
  fault: Nullable(Type.String()),
});

/** What a running agent says of itself on its socket. Times are UTC ms. */
const StatusReport = Type.Object({
  name: Type.String(),
  agentVersion: Type.String(),
  configVersion: Type.String(),
  gatewayId: Nullable(Type.String()),
  uptimeS: Type.Number(),
  rssBytes: Type.Number(),
  clock: Type.Object({ time: Type.Number(), state: Type.String(), uncertaintyMs: Type.Number() }),
  enrolment: Type.Object({
    state: Type.String(),
    cause: Nullable(Type.String()),
    lastError: Nullable(Type.String()),
    /** End of the certificate in use. */
    certificateEnds: Nullable(Type.Number()),
  }),
  uplink: Nullable(
    Type.Object({
      state: Type.String(),
      since: Type.Number(),
      cause: Nullable(Type.String()),
      lastError: Nullable(Type.String()),
      inFlight: Type.Number(),
      resent: Type.Number(),
      sessions: Type.Number(),
      /** Of this UTC month; a budget of 0: none is set. */
      data: Type.Object({
        month: Type.String(),
        bytes: Type.Number(),
        budgetBytes: Type.Number(),
        awaited: Type.Boolean(),
      }),
    }),
  ),
  buffer: Type.Object({
    epoch: Type.String(),
    firstUnacked: Type.Number(),
    lastSealed: Type.Number(),
    lastOrdinal: Type.Number(),
    unsealedRows: Type.Number(),
    unackedBatches: Type.Number(),
    quarantinedBatches: Type.Number(),
    heldRows: Type.Number(),
    fileBytes: Type.Number(),
    walBytes: Type.Number(),
    lostReadings: Type.Number(),
    /** What was set aside since the start: a new epoch began in its place. */
    setAside: Nullable(Type.Object({ path: Type.String(), reason: Type.String() })),
    storage: Type.Object({
      kind: Type.String(),
      fault: Type.Optional(Type.String()),
      usedBytes: Type.Number(),
      allowedBytes: Type.Number(),
      freeBytes: Type.Optional(Type.Number()),
      reserve: Type.String(),
      thinned: Type.String(),
      salvaging: Type.Number(),
      waiting: Type.Number(),
    }),
    wear: Type.Object({
      writtenBytes: Type.Optional(Type.Number()),
      writtenBytesPerReading: Type.Optional(Type.Number()),
      yearsOfCard: Type.Optional(Type.Number()),
    }),
  }),
  readings: Type.Object({ stored: Type.Number(), pending: Type.Number(), lost: Type.Number() }),
  buses: Type.Array(BusReport),
  latest: Type.Array(LatestReport),
});
export type StatusReport = Static<typeof StatusReport>;
export type BusReport = Static<typeof BusReport>;
export type LatestReport = Static<typeof LatestReport>;

export interface StatusSources {
  readonly name: string;
  readonly agentVersion: string;
  readonly configVersion: string;
  readonly gatewayId: () => string | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly enrolment: () => EnrolmentView;
  readonly uplink: () => UplinkView | undefined;
  readonly buffer: Pick<Buffer, 'epoch' | 'setAside' | 'state'>;
  readonly acquisition: Pick<Acquisition, 'latest' | 'counters'>;
}

export const latestReport = ({
  device,
  point,
  value,
  flag,
  reason,
  time,
  fault,
}: LiveReading): LatestReport => ({
  device: device.key,
  point: point.map.key,
  name: point.map.name,
  value: typeof value === 'bigint' ? value.toString() : value,
  unit: point.map.unit,
  flag,
  reason,
  time,
  fault: fault ?? null,
});

/** The buses and their devices, as counted since the start. */
export const busReports = (acquisition: Pick<Acquisition, 'counters'>): BusReport[] =>
  [...acquisition.counters().buses].map(([key, { polls, line }]) => ({
    key,
    polls: { ok: polls.ok, timeouts: polls.timeouts, errors: polls.errors, missed: polls.missed },
    lagMs: polls.lagMs,
    lateReplies: line.lateReplies,
    checksumErrors: line.checksumErrors,
    reconnects: line.reconnects,
    load: line.load,
    behindFactor: polls.behindFactor,
    units: unitReports(polls),
  }));

/** Gathers the report from the running parts. */
export const reportStatus = async (sources: StatusSources): Promise<StatusReport> => {
  const { clock, buffer, acquisition } = sources;
  const { directory: _, earlier: _earlier, ...bufferState } = await buffer.state();
  const { time, state, uncertaintyMs } = clock.now();
  const enrolment = sources.enrolment();
  const uplink = sources.uplink();
  return {
    name: sources.name,
    agentVersion: sources.agentVersion,
    configVersion: sources.configVersion,
    gatewayId: sources.gatewayId() ?? null,
    uptimeS: Math.round(process.uptime()),
    rssBytes: process.memoryUsage.rss(),
    clock: { time, state, uncertaintyMs },
    enrolment: {
      state: enrolment.state,
      cause: enrolment.cause ?? null,
      lastError: enrolment.lastError ?? null,
      certificateEnds: enrolment.certificateEnds ?? null,
    },
    uplink:
      uplink === undefined
        ? null
        : { ...uplink, cause: uplink.cause ?? null, lastError: uplink.lastError ?? null },
    buffer: { ...bufferState, epoch: buffer.epoch, setAside: buffer.setAside ?? null },
    readings: { ...acquisition.counters().readings },
    buses: busReports(acquisition),
    latest: acquisition.latest().map(latestReport),
  };
};

/** Parses what an agent answered. Throws `LocalError` 'silent' where that is no report. */
export const parseStatusReport = (text: string, from: string): StatusReport => {
  try {
    const document: unknown = JSON.parse(text);
    if (Value.Check(StatusReport, document)) return document;
  } catch (cause) {
    throw new LocalError('silent', `${from} answered no status; is it stopping, or another version?`, {
      cause,
    });
  }
  throw new LocalError('silent', `${from} answered another version's status; use that version's program`);
};
