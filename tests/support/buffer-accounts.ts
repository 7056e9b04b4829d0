import { openBody, parseBatch } from '#wire/batch.js';
import { encodeDirectory } from '#wire/directory-codec.js';
import type { DirectoryPoint } from '#wire/directory.js';
import type { Loss } from '#wire/windows.js';
import type { Buffer as GatewayBuffer, BufferPoint, SealedBatch } from '../../agent/buffer/buffer.js';

/** A directory that names these points, as the agent makes it. */
export const directoryOf = (
  points: readonly BufferPoint[],
  numbers: ReadonlyMap<string, number>,
): { readonly hash: Uint8Array; readonly bytes: Uint8Array } => {
  const devices = [...new Set(points.map(({ key }) => key.split('/')[0] ?? ''))];
  const listed = {
    configuration: '0'.repeat(64),
    devices: devices.map((key) => ({
      key,
      name: key,
      protocol: 'modbus',
      bus: 'bus',
      address: '1',
      maker: 'maker',
      model: 'model',
      profileHash: '0'.repeat(64),
      installation: {},
    })),
    points: points.map(({ key, kind, valueType, intervalMs, maxHoldMs, windows }): DirectoryPoint => ({
      number: numbers.get(key) ?? 0,
      device: key.split('/')[0] ?? '',
      key: key.split('/')[1] ?? '',
      name: key,
      kind,
      valueType,
      property: 'temperature',
      unit: 'Cel',
      intervalMs,
      maxHoldMs,
      windows,
      scale: 1,
      offset: 0,
      tests: {},
    })),
  };
  return encodeDirectory(listed, new Uint8Array(16));
};

export const lossesOf = (batches: readonly SealedBatch[]): readonly Loss[] =>
  batches.flatMap(({ message }) => {
    const body = openBody(parseBatch(message));
    return body.content === 'losses' ? body.losses : [];
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What every ordinal of an epoch became, as whoever has all these batches can add it up. */
export const accountOf = (batches: readonly SealedBatch[], epoch: string) => {
  const own = batches.filter(({ header }) => header.epoch === epoch);
  const losses = lossesOf(batches).filter((loss) => loss.epoch === epoch && loss.cause !== 'memory');
  const covered = new Set(own.map(({ seq }) => seq));
  for (const { firstSeq, lastSeq } of losses)
    for (let seq = firstSeq ?? 1; seq <= (lastSeq ?? 0); seq += 1) {
      if (covered.has(seq)) throw new Error(`batch ${seq} is here and lost`);
      covered.add(seq);
    }
  return {
    delivered: sum(own.map(({ header }) => header.count)),
    heldBack: sum(own.map(({ header }) => header.heldBack)),
    lost: sum(losses.map(({ count, windows = 0, heldBack = 0 }) => count + windows + heldBack)),
    lostReadings: sum(losses.map(({ count }) => count)),
    seqs: covered,
  };
};

/** Seals all that waits. */
export const sealAll = async (buffer: GatewayBuffer): Promise<void> => {
  while ((await buffer.seal('backfill', 'due')) > 0);
};
