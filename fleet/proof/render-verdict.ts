import { representative } from '#wire/aggregate/representative.js';
import type { DirectoryPoint } from '#wire/directory.js';
import type { Value } from '#wire/terms.js';
import { ProofError } from './errors.js';
import type { ProvenColumn } from './verify-column.js';
import { fingerprint } from './verify-column.js';
import type { ProvenReading, ProvenWindow, Verdict } from './verify-proof.js';

const iso = (time: number): string => new Date(time).toISOString();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const labelled = (lines: readonly (readonly [string, string])[]): string[] =>
  lines.map(([label, text]) => `${label.padEnd(15)}${text}`);

/** A value as people read it: a state by its name. */
const valueText = (value: Value | null, { unit, states }: DirectoryPoint): string => {
  if (value === null) return 'no value';
  const name = states?.[String(value)];
  if (name !== undefined) return `${String(value)} (${name})`;
  return `${String(value)} ${unit}`;
};

const readingLines = ({ reading, column }: ProvenReading): (readonly [string, string])[] => [
  ['reading', valueText(reading.value, column.point)],
  ['time', iso(reading.time)],
  ['quality', `flag ${reading.flag}${reading.reason === 'none' ? '' : `, ${reading.reason}`}`],
  [
    'clock',
    reading.uncertaintyMs === 0 ? reading.clock : `${reading.clock}, within ${reading.uncertaintyMs} ms`,
  ],
  ...(reading.deviceTime === undefined
    ? []
    : [
        [
          'device time',
          `${iso(reading.deviceTime)}, ${reading.deviceClock ?? 'its clock unstated'}`,
        ] as const,
      ]),
  ['ordinal', String(reading.ordinal)],
];

const WORDS = {
  readings: 'made again here from the readings shown',
  gateway: "the gateway's word: the readings that it came from were not sent",
} as const;

const windowLines = (
  { by, asSent, aggregate, column }: ProvenWindow,
  { receipt }: Verdict,
): (readonly [string, string])[] => [
  ['window', `${iso(receipt.time)} + ${receipt.periodMs / 1000} s`],
  ['value', valueText(representative(aggregate), column.point)],
  ['of readings', `${aggregate.count} of ${aggregate.expected} expected`],
  ['minimum', String(aggregate.min)],
  ['maximum', String(aggregate.max)],
  [
    'proven by',
    by === 'gateway'
      ? WORDS.gateway
      : `${WORDS.readings}; ${asSent ? 'the same as the gateway signed' : 'that none is left out is the fleet’s word'}`,
  ],
];

const testsText = ({ tests }: DirectoryPoint): string => {
  const entries = Object.entries(tests);
  return entries.length === 0
    ? 'none'
    : entries.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(', ');
};

const originLines = ({ statement, chain, point, device, receivedAt }: ProvenColumn) =>
  [
    ['point', `${point.name} (${device.key}/${point.key}), ${point.kind} of ${point.property}`],
    ['device', `${device.maker} ${device.model}, serial ${device.installation.serial ?? 'unstated'}`],
    ['location', device.installation.locationName ?? device.installation.location ?? 'unstated'],
    ['profile', device.profileHash],
    ['scale', `${point.scale} × register + ${point.offset}`],
    ['tests', testsText(point)],
    ['directory', hex(statement.directory)],
    ['source', `gateway ${statement.source}, epoch ${statement.epoch}, batch ${statement.seq}`],
    ['certificate', hex(statement.certificate)],
    ['valid', `${chain.leaf.validFrom} to ${chain.leaf.validTo}`],
    ['received', iso(receivedAt)],
  ] as const;

/** A verdict for people. */
export const renderVerdict = (verdict: Verdict | ProofError): string => {
  if (verdict instanceof ProofError) return `DOES NOT HOLD (${verdict.code}): ${verdict.message}\n`;
  const { proven, receipt, root, columns } = verdict;
  const lines = labelled([
    ...(proven.type === 'reading' ? readingLines(proven) : windowLines(proven, verdict)),
    ...originLines(proven.column),
    ['root', root],
    ['receipt', `point ${receipt.pointId}, issued by the fleet ${iso(receipt.issuedAt)}`],
  ]);
  const shown = columns.length === 1 ? 'one column' : `${columns.length} columns`;
  return `it holds: ${shown}, signed by the gateway, under the root that you trust\n\n${lines.join('\n')}\n`;
};

const columnJson = ({
  statement,
  chain,
  point,
  device,
  periodMs,
  readings,
  windows,
  receivedAt,
}: ProvenColumn) => ({
  source: statement.source,
  epoch: statement.epoch,
  seq: statement.seq,
  lane: statement.lane,
  directory: hex(statement.directory),
  receivedAt: iso(receivedAt),
  chain: [chain.leaf, ...chain.issuers].map(({ raw, subject, validFrom, validTo }) => ({
    thumbprint: fingerprint(raw),
    subject,
    validFrom: iso(Date.parse(validFrom)),
    validTo: iso(Date.parse(validTo)),
  })),
  point,
  device,
  periodMs,
  readings: readings.length,
  windows: windows.length,
});

const provenJson = ({ proven, receipt }: Verdict) => {
  if (proven.type === 'reading') {
    const { reading, column } = proven;
    const { time, deviceTime } = reading;
    return {
      type: 'reading',
      ...reading,
      time: iso(time),
      ...(deviceTime === undefined ? {} : { deviceTime: iso(deviceTime) }),
      unit: column.point.unit,
    };
  }
  const { by, asSent, aggregate, column } = proven;
  return {
    type: 'window',
    start: iso(receipt.time),
    periodMs: receipt.periodMs,
    value: representative(aggregate),
    unit: column.point.unit,
    by,
    asSent,
    aggregate,
  };
};

const digitsOfBigInt = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** The same for scripts; int64 beyond 2^53 as digits. */
export const verdictJson = (verdict: Verdict | ProofError): string => {
  const said =
    verdict instanceof ProofError
      ? { holds: false, code: verdict.code, reason: verdict.message }
      : {
          holds: true,
          pointId: verdict.receipt.pointId,
          issuedAt: iso(verdict.receipt.issuedAt),
          root: verdict.root,
          proven: provenJson(verdict),
          columns: verdict.columns.map(columnJson),
        };
  return `${JSON.stringify(said, digitsOfBigInt, 2)}\n`;
};
