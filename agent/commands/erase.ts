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

export interface EraseDeps {
  readonly buffer: Pick<Buffer, 'erasePeriod'>;
}

/**
 * `erase`: takes what was measured in a period out of the gateway's own history, for good. What the fleet has not
 * acked yet is delivered all the same, and the answer says how much of it is left.
 */
export const createErase =
  ({ buffer }: EraseDeps): CommandHandler =>
  async (given) => {
    if (!Value.Check(Arguments, given) || given.from >= given.to) {
      return { outcome: 'refused', detail: 'erase takes "from" and "to" (UTC ms, ascending) and "points"' };
    }
    const keys = given.points?.split(',').map((key) => key.trim());
    const erased = await buffer.erasePeriod({
      fromMs: given.from,
      toMs: given.to,
      ...(keys === undefined ? {} : { keys }),
    });
    const { batches, readings, files, left } = erased;
    const rest =
      left.batches + left.rows + left.files === 0
        ? 'nothing is left'
        : `${left.batches} batches, ${left.rows} rows and ${left.files} files are left, which are not delivered yet or still in use: erase again later`;
    return {
      outcome: 'done',
      detail: `${batches} batches, ${readings} held-back readings and ${files} saved files are erased; ${rest}`,
    };
  };
