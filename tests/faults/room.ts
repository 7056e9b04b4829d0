import { join } from 'node:path';
import type { Verdict } from './checker.js';
import type { FaultSettings, FaultTest } from './fault-test.js';
import { layOutPrograms, Program } from './programs.js';

const [HOURS, QUICK_HOURS] = [40, 30];

/** Runs a gateway's buffer out of room, days of readings at once, each cycle one in a file of its own. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const { modules } = layOutPrograms(folder, edits);
  const program = join(modules, 'tests/faults/room-buffer.js');
  const numbers = [cycles, seed, quick ? QUICK_HOURS : HOURS].map(String);
  const buffers = new Program(program, [join(folder, 'buffers'), ...numbers]);
  const exit = await buffers.ended();
  const verdicts = buffers.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Verdict);
  if (exit !== 0 || verdicts.length !== cycles)
    throw new Error(`the buffers ended with ${exit}:\n${buffers.output.slice(-3_000)}`);
  const figures: Record<string, number> = {};
  for (const [index, verdict] of verdicts.entries()) {
    progress(index + 1, JSON.stringify(verdict.figures));
    for (const [key, value] of Object.entries(verdict.figures)) figures[key] = (figures[key] ?? 0) + value;
  }
  return { faults: verdicts.flatMap(({ faults }) => faults), figures };
};

export const room: FaultTest = {
  cycles: 100,
  mutants: {
    'late-forgotten': {
      breaks: 'windows are said to stand for readings that are in none',
      found: /^I3 .* neither came nor is in a window/,
      edits: [
        {
          file: 'agent/buffer/window-maker.js',
          find: 'noteLeftOut(deps, period, { late, ahead }, revised);',
          replace: '',
        },
      ],
    },
    'merged-miscounted': {
      breaks: 'loss records that are put together count only the first of them',
      found: /^I3 .* were declared lost/,
      edits: [
        {
          file: 'agent/buffer/merge-losses.js',
          find: 'count: a.count + b.count,',
          replace: 'count: a.count,',
        },
      ],
    },
    'no-record': {
      breaks: 'rows are given up and nobody is told',
      found: /^I3 .* were declared lost/,
      edits: [
        {
          file: 'agent/buffer/row-thinning.js',
          find: "losses.record({ cause: 'space', ...taken.loss() });",
          replace: '',
        },
      ],
    },
    'windows-behind': {
      breaks: 'raw goes before the windows that stand for it are made',
      found: /^I3 .* neither came nor is in a window/,
      edits: [
        {
          file: 'agent/buffer/thinning.js',
          find: 'if (batch === undefined || isAhead(batch, covered))',
          replace: 'if (batch === undefined)',
        },
      ],
    },
  },
  run,
};
