import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { Attack } from './attack.js';
import { hostile } from './hostile.js';
import { ids } from './ids.js';
import { malformed } from './malformed.js';
import { limitedInterference, nonInterference } from './non-interference.js';
import { tamper } from './tamper.js';

/** A few of each; full counts by `npm run attack -- NAME`. */
const short: Readonly<Record<string, readonly [Attack, number]>> = {
  'hostile names': [ids, 60],
  'hostile connections': [hostile, 40],
  'malformed packets and CBOR': [malformed, 20],
  'rows of other organisations': [nonInterference, 150],
  'rows of other sites': [limitedInterference, 150],
  'tamperings of an audit trail': [tamper, 100],
};

test.each(Object.entries(short))(
  '%s leak nothing and end nobody',
  { timeout: 120_000 },
  async (_, [attack, count]) => {
    const verdict = await attack.run({
      folder: temporaryFolder(),
      count,
      seconds: 1,
      seed: 1,
      progress: () => undefined,
    });
    expect(verdict.faults).toEqual([]);
  },
);
