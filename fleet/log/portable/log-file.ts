import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from '#wire/cbor.js';
import { WireError } from '#wire/errors.js';
import { MAX_REDUCED_BYTES } from '#wire/limits.js';
import { Hash, Text, Time, Whole } from '#wire/schemas.js';
import { byteStringHead, readByteString } from './cbor-sequence.js';

export const LOG_FORMAT = 'terroir-log/1';
/** Deflating again what is deflated gains little; this is for the names around it, and for the checksum. */
const GZIP_LEVEL = 1;
/** RFC 1952: no flags, no time, fastest, no system: always the same, so that no byte can change unnoticed. */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]);
const MAX_ITEM_BYTES = MAX_REDUCED_BYTES + 4_096;

const Head = Type.Object(
  { format: Type.Literal(LOG_FORMAT), exportedAt: Time },
  { additionalProperties: false },
);
const Entry = {
  position: Whole,
  source: Text,
  hash: Hash,
  receivedAt: Time,
  message: Type.Unsafe<Uint8Array>(Type.Any()),
};
const BatchRecord = Type.Object(
  { type: Type.Literal('batch'), epoch: Text, seq: Whole, ...Entry },
  { additionalProperties: false },
);
const DirectoryRecord = Type.Object(
  { type: Type.Literal('directory'), ...Entry },
  { additionalProperties: false },
);
const End = Type.Object(
  { end: Type.Literal(true), entries: Whole, sha256: Hash },
  { additionalProperties: false },
);

const isHead = Compile(Head);
const isRecord = Compile(Type.Union([BatchRecord, DirectoryRecord]));
const isEnd = Compile(End);

/** An entry of the log with its key: `hash` is that of the message as it came, before anything was erased of it. */
export type FiledEntry = Static<typeof BatchRecord> | Static<typeof DirectoryRecord>;

/** A file is damaged, cut short, or no export of a log. */
export class LogFileError extends Error {
  override readonly name = 'LogFileError';
  readonly code = 'damaged';
  readonly retryable = false;
}

/** Chunks of the file of these entries, which must come by position. */
async function* itemsOf(entries: AsyncIterable<FiledEntry>, exportedAt: number): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  const item = (value: object): Uint8Array => {
    const content = encodeCbor(value);
    const bytes = Buffer.concat([byteStringHead(content.length), content]);
    digest.update(bytes);
    return bytes;
  };
  let count = 0;
  yield item({ format: LOG_FORMAT, exportedAt });
  for await (const entry of entries) {
    count += 1;
    yield item(entry);
  }
  yield item({ end: true, entries: count, sha256: digest.copy().digest() });
}

/** Writes the file anew, and has it on disk when it resolves. Nothing of that name may be there. */
export const writeLogFile = async (
  path: string,
  entries: AsyncIterable<FiledEntry>,
  exportedAt: number,
): Promise<void> => {
  const file = await open(path, 'wx');
  try {
    const packed = Readable.from(itemsOf(entries, exportedAt)).compose(createGzip({ level: GZIP_LEVEL }));
    for await (const chunk of packed) await file.write(chunk as Buffer);
    await file.write(GZIP_HEAD, 0, GZIP_HEAD.length, 0);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Reads a file's entries; what it gives is checked against the file's own sum only once it has given all. */
export async function* readLogFile(path: string): AsyncGenerator<FiledEntry> {
  await checkHead(path);
  const gunzip = createGunzip();
  const source = createReadStream(path);
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  const digest = createHash('sha256');
  let ended = false;
  let begun = false;
  let count = 0;
  let last = 0;
  for await (const { whole, content } of byteStrings(gunzip)) {
    if (ended) throw new LogFileError('There is more after the end.');
    const value = decoded(content);
    if (isEnd.Check(value)) {
      const holds = begun && value.entries === count && digest.copy().digest().equals(value.sha256);
      if (!holds) throw new LogFileError('The entries are not those that the end speaks of.');
      ended = true;
      continue;
    }
    digest.update(whole);
    if (!begun) {
      if (!isHead.Check(value)) throw new LogFileError(`It does not begin as ${LOG_FORMAT} does.`);
      begun = true;
      continue;
    }
    if (!isRecord.Check(value) || !(value.message instanceof Uint8Array)) {
      throw new LogFileError(`After entry ${last} comes what is no entry.`);
    }
    if (value.position <= last) throw new LogFileError(`Entry ${value.position} comes after entry ${last}.`);
    last = value.position;
    count += 1;
    yield value;
  }
  if (!ended) throw new LogFileError('It is cut short.');
  if (gunzip.bytesWritten !== (await stat(path)).size) throw new LogFileError('There is more after the end.');
}

const checkHead = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(GZIP_HEAD.length), 0, GZIP_HEAD.length, 0);
    if (!buffer.equals(GZIP_HEAD)) throw new LogFileError('It is not packed as an export is.');
  } finally {
    await file.close();
  }
};

const decoded = (content: Uint8Array): unknown => {
  try {
    return decodeCbor(content);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new LogFileError(`An item cannot be read: ${cause.message}.`);
  }
};

interface Item {
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

async function* byteStrings(stream: AsyncIterable<Buffer>): AsyncGenerator<Item> {
  let pending: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (;;) {
        const read = readByteString(pending, MAX_ITEM_BYTES);
        if (read === 'more') break;
        if (read === 'no') throw new LogFileError('It holds what is no byte string, or one too long.');
        yield { whole: pending.subarray(0, read.end), content: pending.subarray(read.start, read.end) };
        pending = pending.subarray(read.end);
      }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new LogFileError(`It cannot be unpacked: ${error.message}.`);
    }
    throw error;
  }
  if (pending.length > 0) throw new LogFileError('It is cut short.');
}
