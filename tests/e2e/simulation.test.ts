import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Verification } from '../../fleet/simulation/verify.js';
import { layOutPrograms, type Edit } from '../faults/programs.js';
import { eventually } from '../support/eventually.js';
import { startFleet, startFleetOf, type FleetUnderTest } from '../support/fleet-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** On a machine that is busy with other tests. */
const LIMIT_MS = 300_000;

const options = (folder: string, fleet: FleetUnderTest): string[] => [
  '--folder',
  join(folder, 'simulation'),
  '--fleet',
  fleet.url,
  '--login-file',
  join(folder, 'administrator.json'),
  '--quiet',
  '--json',
];

interface Said {
  readonly run: { readonly readings: number; readonly owed: number };
  readonly verification?: Verification;
}

const simulate = async (folder: string, fleet: FleetUnderTest, ...more: readonly string[]) => {
  const { code, stdout, output } = await runProgram('fleet', 'simulate', ...more, ...options(folder, fleet));
  if (stdout === '') throw new Error(output);
  return { code, ...(JSON.parse(stdout) as Said) };
};

const PAST = ['--from', '2026-01-05T00:00Z', '--speed', 'max'] as const;

describe('a simulated territory', () => {
  it(
    'is whole in the fleet though it was killed in the middle, and goes on in a second run',
    { timeout: LIMIT_MS },
    async () => {
      const folder = temporaryFolder();
      const fleet = await startFleet(folder);
      const load = ['--gateways', '20', '--readings', '100k', '--outages', '10%', '--late', '5%'];
      const running = startProgram('fleet', 'simulate', ...load, ...PAST, ...options(folder, fleet));
      await eventually(async () => (await storedOf(fleet)) > 40, LIMIT_MS);
      await fleet.program.end('SIGKILL');
      await fleet.restart();
      expect(await running.ended()).toBe(0);

      const second = await simulate(
        folder,
        fleet,
        '--gateways',
        '21',
        '--readings',
        '21k',
        '--speed',
        'max',
        '--verify',
      );
      expect(second.verification?.findings).toEqual([]);
      expect(second).toMatchObject({ code: 0, run: { readings: 21_000, owed: 0 } });
      expect(second.verification).toMatchObject({ agrees: true, readings: 121_000, fleetReadings: 121_000 });
      expect(second.verification?.compared).toBeGreaterThan(20);
    },
  );

  const mutants: Readonly<Record<string, Edit>> = {
    'loses a row of each batch on the way to the series': {
      file: 'fleet/store/sqlite/views-series.js',
      find: 'series.full();',
      replace: 'if (ordinal % 7 === 0) series.row.length -= 6;\n                series.full();',
    },
  };
  for (const [what, edit] of Object.entries(mutants)) {
    it(`tells of a fleet that ${what}`, { timeout: LIMIT_MS }, async () => {
      const folder = temporaryFolder();
      const fleet = await startFleetOf(layOutPrograms(join(folder, 'programs'), [edit]).fleet, folder);
      const { code, verification } = await simulate(
        folder,
        fleet,
        '--gateways',
        '2',
        '--readings',
        '2k',
        '--batch',
        '200',
        ...PAST,
        '--verify',
      );
      expect(code).toBe(2);
      expect(verification?.agrees).toBe(false);
      expect(verification?.disagreements).toBeGreaterThan(0);
    });
  }
});

const storedOf = async (fleet: FleetUnderTest): Promise<number> => {
  const health = (await (await fleet.get('/api/v1/health')).json()) as { log: { head: number } };
  return health.log.head;
};
