import { openBody, parseBatch, type BatchBody } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import type { LogEntry } from '../store/log-store.js';

export type Opened =
  | { readonly header: BatchHeader; readonly body: BatchBody }
  | { readonly header: BatchHeader | undefined; readonly reason: string };

/** An entry of the log whose batch is opened when it is first looked at, header and body apart. */
export interface OpenedEntry {
  readonly entry: LogEntry;
  /** `undefined`: it is no batch, or cannot be read. */
  header(): BatchHeader | undefined;
  /** What the batch holds, or why it cannot be used. */
  open(): Opened;
}

export const openEntry = (entry: LogEntry): OpenedEntry => {
  let parsed: ReturnType<typeof tryTo<ReturnType<typeof parseBatch>>> | undefined;
  let opened: Opened | undefined;
  const parse = () => (parsed ??= tryTo(() => parseBatch(entry.message)));
  const open = (): Opened => {
    const batch = parse();
    if (typeof batch === 'string') return { header: undefined, reason: batch };
    const body = tryTo(() => openBody(batch));
    return typeof body === 'string' ? { header: batch.header, reason: body } : { header: batch.header, body };
  };
  return {
    entry,
    header: () => {
      const batch = entry.type === 'batch' ? parse() : '';
      return typeof batch === 'string' ? undefined : batch.header;
    },
    open: () => (opened ??= open()),
  };
};

/** What is made, or why the bytes are none. */
const tryTo = <Made>(make: () => Made): Made | string => {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.message;
  }
};
