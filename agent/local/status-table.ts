import type { BusReport, LatestReport, StatusReport } from './status-report.js';

/** What the files of a data folder tell while no agent runs. */
export interface FilesReport {
  readonly running: false;
  readonly name: string;
  readonly dataFolder: string;
  readonly gatewayId: string | null;
  readonly claimQueued: boolean;
  readonly bufferBytes: number;
  /** UTC ms. */
  readonly lastWritten: number | null;
}

const QUALITY: ReadonlyMap<number, string> = new Map([
  [1, 'good'],
  [2, 'not evaluated'],
  [3, 'suspect'],
  [4, 'bad'],
  [9, 'missing'],
]);

const time = (utcMs: number): string => new Date(utcMs).toISOString().replace('T', ' ').replace('.000Z', 'Z');
const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
};

const uplinkLine = ({ uplink, enrolment, gatewayId }: StatusReport): string => {
  if (uplink === null) {
    const { cause, lastError } = enrolment;
    const error = lastError === null ? '' : `; ${cause ?? 'last error'}: ${lastError}`;
    return enrolment.state === 'claiming'
      ? `not enrolled, a claim is queued${error}`
      : `not enrolled: terroir-agent enrol --fleet URL --token T${error}`;
  }
  const error = uplink.lastError === null ? '' : `; ${uplink.cause ?? 'last error'}: ${uplink.lastError}`;
  const { bytes, budgetBytes, month, awaited } = uplink.data;
  const budget = budgetBytes === 0 ? '' : ` of ${mega(budgetBytes)}${awaited ? ' (the backlog waits)' : ''}`;
  return (
    `${uplink.state} as ${gatewayId ?? '?'} since ${time(uplink.since)}, ${uplink.inFlight} batches on their way, ` +
    `${mega(bytes)}${budget} in ${month === '' ? 'an unknown month' : month}${error}`
  );
};

const STORAGE: Readonly<Record<string, string>> = {
  memory: 'in memory only: the disk cannot be opened',
  refusing: 'the disk takes nothing; readings wait in memory',
};

const storageLine = ({ buffer: { storage, wear, lostReadings, setAside } }: StatusReport): string => {
  const { kind, fault, usedBytes, allowedBytes, thinned, salvaging, waiting } = storage;
  const { writtenBytesPerReading, yearsOfCard } = wear;
  return [
    `${mega(usedBytes)} of ${mega(allowedBytes)}`,
    ...(STORAGE[kind] === undefined ? [] : [`${STORAGE[kind]}${fault === undefined ? '' : ` (${fault})`}`]),
    ...(thinned === 'nothing' ? [] : [`thinned for want of room: ${thinned.replaceAll('-', ' ')}`]),
    ...(lostReadings === 0 ? [] : [`${lostReadings} readings declared lost`]),
    ...(setAside === null ? [] : [`${setAside.path} was set aside: ${setAside.reason}`]),
    ...(salvaging === 0 ? [] : [`${salvaging} files that were set aside are being saved`]),
    ...(waiting === 0
      ? []
      : [`${waiting} files that were set aside wait: a newer version wrote them, or they cannot be read`]),
    ...(wear.writtenBytes === undefined ? ['what is written to the card is not known here'] : []),
    ...(writtenBytesPerReading === undefined
      ? []
      : [`${Math.round(writtenBytesPerReading)} bytes written a reading`]),
    ...(yearsOfCard === undefined
      ? []
      : [`${yearsOfCard < 10 ? yearsOfCard.toFixed(1) : Math.round(yearsOfCard)} years of card`]),
  ].join(', ');
};

const busRow = ({
  key,
  polls,
  lateReplies,
  reconnects,
  load,
  behindFactor,
}: BusReport): readonly string[] => [
  key,
  ...[polls.ok, polls.timeouts, polls.errors, polls.missed, lateReplies, reconnects].map(String),
  `${Math.round(load * 100)} %`,
  behindFactor > 1 ? `too slow: ${behindFactor.toFixed(1)} times as much is asked for` : 'yes',
];

const unitRow = (unit: BusReport['units'][number]): readonly string[] => [
  unit.device,
  unit.breaker === 'closed' ? 'polled' : 'left alone',
  ...[unit.ok, unit.timeouts, unit.checksumErrors, unit.frameErrors, unit.exceptions].map(String),
  ...[unit.lateReplies, unit.echoes].map(String),
  unit.turnaroundMs === null ? '–' : `${unit.turnaroundMs.toFixed(0)} ms`,
];

const latestRow = (latest: LatestReport): readonly string[] => {
  const why = latest.fault ?? (latest.reason === 'none' ? '' : latest.reason);
  const quality = QUALITY.get(latest.flag) ?? String(latest.flag);
  return [
    `${latest.device}/${latest.point}`,
    latest.value === null ? '–' : String(latest.value),
    latest.unit,
    why === '' ? quality : `${quality}: ${why}`,
    time(latest.time),
  ];
};

const renderRunning = (report: StatusReport): string => {
  const { buffer, clock, readings } = report;
  const doubt = clock.state === 'synced' ? '' : ` (± ${Math.round(clock.uncertaintyMs / 1_000)} s)`;
  return [
    `${report.name}: agent ${report.agentVersion}, up ${report.uptimeS} s, ${mega(report.rssBytes)} of memory`,
    `clock    ${clock.state}, ${time(clock.time)}${clock.state === 'unsynced' ? ' (not to be believed)' : doubt}`,
    `uplink   ${uplinkLine(report)}`,
    `buffer   ${readings.stored} readings stored since the start, ${readings.pending} being written, ${readings.lost} lost; ` +
      `${buffer.unsealedRows} not sealed yet, ${buffer.unackedBatches} batches wait for the fleet, ` +
      `${buffer.quarantinedBatches} refused; ${mega(buffer.fileBytes + buffer.walBytes)} on the disk`,
    `storage  ${storageLine(report)}`,
    'buses',
    ...columns([
      ['bus', 'ok', 'timeouts', 'errors', 'missed', 'late', 'reconnects', 'busy', 'keeps up'],
      ...report.buses.map(busRow),
    ]),
    'devices',
    ...columns([
      ['device', 'is', 'ok', 'timeouts', 'crc', 'frame', 'exceptions', 'late', 'echoes', 'turnaround'],
      ...report.buses.flatMap(({ units }) => units.map(unitRow)),
    ]),
    'latest values',
    ...columns([['point', 'value', 'unit', 'quality', 'time'], ...report.latest.map(latestRow)]),
  ].join('\n');
};

const renderFiles = (report: FilesReport): string => {
  const enrolled =
    report.gatewayId === null
      ? report.claimQueued
        ? 'not enrolled; a claim is queued'
        : 'not enrolled'
      : `enrolled as ${report.gatewayId}`;
  const stored =
    report.lastWritten === null
      ? 'nothing is stored yet'
      : `${mega(report.bufferBytes)} stored, last written ${time(report.lastWritten)}`;
  return [`${report.name}: no agent runs on ${report.dataFolder}`, `  ${enrolled}`, `  ${stored}`].join('\n');
};

/** A status as people read it. */
export const renderStatus = (report: FilesReport | ({ readonly running: true } & StatusReport)): string =>
  report.running ? renderRunning(report) : renderFiles(report);
