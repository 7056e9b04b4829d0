import { setTimeout } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { AccessError } from '../access/errors.js';
import { subjectKey } from '../access/subject.js';
import { stillMay } from './authorise.js';
import { addressOf } from './caller.js';
import type { HttpContext } from './context.js';

/** Between two looks at the log: what a reading waits at most, and how long a stream outlives the right to it. */
export const LOOK_MS = 1_000;
/** A stream that has nothing to say says so, before idle connections are let go of. */
const BEAT_MS = 15_000;
/** Streams of one known subject, or of strangers at one address. */
const MAX_STREAMS = 8;

/** What a stream tells next. */
export interface Told {
  readonly items: readonly unknown[];
  readonly next: string;
  readonly more: boolean;
}

/** Who has how many streams open. */
export interface OpenStreams {
  /** Throws `AccessError` `too-many-attempts`. Gives what closes it. */
  open(request: FastifyRequest): () => void;
}

export const createOpenStreams = (): OpenStreams => {
  const counts = new Map<string, number>();
  return {
    open: (request) => {
      const { subject } = request;
      const key = 'id' in subject ? subjectKey(subject) : addressOf(request);
      const count = counts.get(key) ?? 0;
      if (count >= MAX_STREAMS) {
        throw new AccessError(
          'too-many-attempts',
          `At most ${MAX_STREAMS} streams at once: close one.`,
          LOOK_MS / 1000,
        );
      }
      counts.set(key, count + 1);
      return () => {
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
    },
  };
};

/**
 * Server-sent events (HTML Living Standard, section 9.2): `next` answers from a cursor on, each an event whose id is the
 * cursor of what follows. Ends with the right to read, and when `signal` says that nobody listens any more.
 */
export async function* eventsOf(
  context: HttpContext,
  request: FastifyRequest,
  next: (cursor: string | undefined) => Promise<Told>,
  { from, signal }: { readonly from: string | undefined; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  let cursor = from;
  let spoke = context.now();
  while (!signal.aborted && stillMay(context, request)) {
    const told = await next(cursor);
    const begins = cursor === undefined;
    cursor = told.next;
    if (told.items.length > 0 || begins) {
      yield `id: ${told.next}\nevent: readings\ndata: ${JSON.stringify({ items: told.items })}\n\n`;
      spoke = context.now();
    } else if (context.now() - spoke >= BEAT_MS) {
      yield ':\n\n';
      spoke = context.now();
    }
    if (!told.more) await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
