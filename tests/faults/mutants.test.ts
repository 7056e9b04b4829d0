import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { broker } from './broker.js';
import { clock } from './clock.js';
import { disk } from './disk.js';
import { herd } from './herd.js';
import { kill } from './kill.js';
import { line } from './line.js';
import { link } from './link.js';
import { power } from './power.js';
import { changedText } from './programs.js';
import { room } from './room.js';
import { soak } from './soak.js';

const dist = join(import.meta.dirname, '../../dist');
const faults = { broker, clock, disk, herd, kill, line, link, power, room, soak };
const mutants = Object.entries(faults).flatMap(([name, fault]) =>
  Object.entries(fault.mutants).map(([mutant, { edits }]) => ({ name, mutant, edits })),
);

// Most of them are run by hand: without this, one that no longer follows the code would be missed until then.
describe('a broken build of the programs', () => {
  test.each(mutants)('can still be made of what is built: $name, $mutant', ({ edits }) => {
    expect(edits.length).toBeGreaterThan(0);
    for (const edit of edits) {
      if ('by' in edit) expect(existsSync(join(dist, edit.by))).toBe(true);
      else expect(changedText(dist, edit)).toContain(edit.replace);
    }
  });
});
