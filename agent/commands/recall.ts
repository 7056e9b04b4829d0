import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Buffer } from '../buffer/buffer.js';
import type { CommandHandler } from './command-handler.js';

const Arguments = Type.Object({
  /** UTC ms. */
  from: Type.Integer(),
  /** UTC ms, not included. */
  to: Type.Integer(),
  /** `<device>/<point>`, separated by commas; absent: all. */
  points: Type.Optional(Type.String({ minLength: 1 })),
});

export interface RecallDeps {
  readonly buffer: Pick<Buffer, 'recallPeriod'>;
  /** Number of a point, by `<device>/<point>`. */
  readonly numbers: ReadonlyMap<string, number>;
}

/**
 * `recall`: sends the raw readings of a past period again, as backfill, as far as they are still here. What was
 * sealed goes as the same bytes; what was held back goes in batches of its own.
 */
export const createRecall =
  ({ buffer, numbers }: RecallDeps): CommandHandler =>
  async (given) => {
    if (!Value.Check(Arguments, given) || given.from >= given.to) {
      return { outcome: 'refused', detail: 'recall takes "from" and "to" (UTC ms, ascending) and "points"' };
    }
    const keys = given.points?.split(',').map((key) => key.trim());
    const unknown = keys?.filter((key) => !numbers.has(key)) ?? [];
    if (unknown.length > 0) return { outcome: 'refused', detail: `there is no point ${unknown.join(', ')}` };
    const points = keys?.flatMap((key) => numbers.get(key) ?? []);
    const period = { fromMs: given.from, toMs: given.to };
    const { batches, readings } = await buffer.recallPeriod(
      points === undefined ? period : { ...period, points },
    );
    return {
      outcome: 'done',
      detail: `${batches} batches and ${readings} held-back readings are on their way`,
    };
  };
