import { openBody, parseBatch } from '#wire/batch.js';
import type { BatchContent } from '#wire/body.js';
import type { Loss } from '#wire/windows.js';
import type { BatchSigner } from './buffer.js';
import type { BufferParts } from './buffer-parts.js';

type Numbered = Exclude<BatchContent, { content: 'losses' }>;

const ordinalsOf = (body: Numbered): readonly number[] =>
  body.content === 'readings'
    ? body.columns.flatMap(({ readings }) => readings.map(({ ordinal }) => ordinal))
    : body.columns.flatMap(({ windows }) => windows.map(({ ordinal }) => ordinal));

/** The same content under ordinals that follow one another from `first` on, in the order they had. */
const renumber = (body: Numbered, first: number): Numbered => {
  const order = new Map(
    ordinalsOf(body)
      .toSorted((a, b) => a - b)
      .map((ordinal, index) => [ordinal, first + index]),
  );
  const under = <Item extends { readonly ordinal: number }>(item: Item): Item => ({
    ...item,
    ordinal: order.get(item.ordinal) ?? item.ordinal,
  });
  if (body.content === 'readings') {
    const columns = body.columns.map(({ point, readings }) => ({ point, readings: readings.map(under) }));
    return { content: 'readings', columns };
  }
  const columns = body.columns.map((column) => ({ ...column, windows: column.windows.map(under) }));
  return { content: 'windows', columns };
};

/** Which batches a record spoke of is told in numbers that are another card's: the count alone still holds. */
const recordAgain = ({ losses }: BufferParts, records: readonly Loss[]): void => {
  for (const { ordinal: _, firstSeq: _first, lastSeq: _last, ...loss } of records)
    losses.record({ ...loss, exact: false });
};

/**
 * Seals what a batch of an earlier epoch holds under ordinals and a number of this one. Its own number is taken by other
 * bytes: an older copy of the card went on with it. Part of a transaction of the caller.
 */
export const sealElsewhere = (parts: BufferParts, message: Uint8Array, signer: BatchSigner): void => {
  const parsed = parseBatch(message);
  const body = openBody(parsed);
  if (body.content === 'losses') return recordAgain(parts, body.losses);
  const { state, sealing, outside } = parts;
  const { lastOrdinal, readingsSealed, windowsMade, windowsSealed } = state.row;
  const count = ordinalsOf(body).length;
  if (count === 0) return;
  if (body.content === 'readings') outside.add(lastOrdinal + 1, lastOrdinal + count);
  sealing.sealAgain(renumber(body, lastOrdinal + 1), { directory: parsed.header.directory }, signer);
  state.write({
    lastOrdinal: lastOrdinal + count,
    ...(body.content === 'readings'
      ? { readingsSealed: readingsSealed + count }
      : { windowsMade: windowsMade + count, windowsSealed: windowsSealed + count }),
  });
};
