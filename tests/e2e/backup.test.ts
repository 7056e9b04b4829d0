import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BackupManifest } from '../../fleet/backup/manifest.js';
import type { Verification } from '../../fleet/simulation/verify.js';
import { eventually } from '../support/eventually.js';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** On a machine that is busy with other tests. */
const LIMIT_MS = 300_000;
const READINGS = 60_000;

test(
  'a fleet that was backed up under load, and lost, is whole again: restored, and given again what came after',
  { timeout: LIMIT_MS },
  async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder);
    const backup = join(folder, 'backup');
    const options = ['--folder', join(folder, 'simulation'), '--fleet', fleet.url, '--quiet', '--json'];
    const login = ['--login-file', join(folder, 'administrator.json')];
    const past = ['--from', '2026-01-05T00:00Z', '--speed', 'max'];
    const load = ['--gateways', '6', '--readings', String(READINGS), '--batch', '100'];
    const headOf = async (): Promise<number> =>
      ((await (await fleet.get('/api/v1/health')).json()) as { log: { head: number } }).log.head;

    const running = startProgram('fleet', 'simulate', ...load, ...past, ...options, ...login);
    await eventually(async () => (await headOf()) > 60, LIMIT_MS);
    const made = await runProgram('fleet', 'backup', backup, '--data', fleet.dataFolder, '--json');
    expect(made.code, made.output).toBe(0);
    const { counts, files } = JSON.parse(made.stdout) as BackupManifest;
    expect(counts.head).toBeGreaterThan(60);
    expect(await running.ended(), running.output()).toBe(0);
    // it was made in the middle, and is all that is left
    expect(counts.head).toBeLessThan(await headOf());
    await fleet.program.end('SIGKILL');
    renameSync(fleet.dataFolder, join(folder, 'lost'));

    const restored = await runProgram('fleet', 'restore', backup, '--data', fleet.dataFolder, '--json');
    expect(restored.code, restored.output).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({ counts });
    for (const { name } of files) {
      expect(statSync(join(fleet.dataFolder, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(fleet.dataFolder, name)).equals(readFileSync(join(backup, name)))).toBe(true);
    }
    await fleet.restart();
    const again = await runProgram(
      'fleet',
      'simulate',
      '--gateways',
      '6',
      '--readings',
      '0',
      '--verify',
      ...options,
      ...login,
    );
    expect(again.code, again.output).toBe(0);
    const { verification } = JSON.parse(again.stdout) as { verification: Verification };
    expect(verification).toMatchObject({
      agrees: true,
      readings: READINGS,
      fleetReadings: READINGS,
      findings: [],
    });
  },
);
