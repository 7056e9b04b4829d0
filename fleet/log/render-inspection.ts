import { representative } from '#wire/aggregate/representative.js';
import type { BatchBody } from '#wire/batch.js';
import type { Inspection } from './inspect.js';

const VERDICTS = {
  verified: 'signature, body and hash tree hold',
  'not-verified': 'DOES NOT HOLD',
  'no-key': 'signature NOT checked: the certificate is not known here (--certificate)',
} as const;

/** An inspection for people: the header, the verdict, and one line a reading or window. */
export const renderInspection = ({ header, verdict, fault, body }: Inspection): string => {
  const lines = [
    `batch ${header.seq} of epoch ${header.epoch}, source ${header.source}, lane ${header.lane}`,
    `${header.count} ${header.content} in ${header.columns} columns; ${header.heldBack} held back on the gateway`,
    `ordinals ${header.firstOrdinal} to ${header.lastOrdinal}, ${iso(header.firstTime)} to ${iso(header.lastTime)}`,
    `directory   ${hex(header.directory)}`,
    `certificate ${hex(header.certificate)}`,
    `tree root   ${hex(header.root)}`,
    `${VERDICTS[verdict]}${fault === undefined ? '' : `: ${fault}`}`,
    ...(body === undefined ? [] : ['', ...bodyLines(body)]),
  ];
  return `${lines.join('\n')}\n`;
};

/** The same for scripts: bytes as hexadecimal, int64 as digits. */
export const toJson = (inspection: Inspection): string =>
  JSON.stringify(inspection, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return typeof value === 'bigint' ? value.toString() : value;
  });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const iso = (time: number): string => new Date(time).toISOString();

const bodyLines = (body: BatchBody): string[] => {
  switch (body.content) {
    case 'readings':
      return body.columns.flatMap(({ point, readings }) =>
        readings.map(
          ({ ordinal, time, value, flag, reason }) =>
            `point ${point}  ${iso(time)}  ${String(value)}  flag ${flag}${reason === 'none' ? '' : ` ${reason}`}  ordinal ${ordinal}`,
        ),
      );
    case 'windows':
      return body.columns.flatMap(({ point, periodMs, windows }) =>
        windows.map(
          ({ start, revision, aggregate }) =>
            `point ${point}  ${iso(start)} + ${periodMs / 1000} s  ${String(representative(aggregate))}  ` +
            `${aggregate.count} of ${aggregate.expected} readings  revision ${revision}`,
        ),
      );
    case 'losses':
      return body.losses.map(
        ({ cause, epoch, count, exact, firstSeq, lastSeq }) =>
          `lost by ${cause}: ${exact ? '' : 'at most '}${count} readings of epoch ${epoch}` +
          (firstSeq === undefined ? '' : `, batches ${firstSeq} to ${lastSeq ?? firstSeq}`),
      );
  }
};
