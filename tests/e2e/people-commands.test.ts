import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('people and keys from the command line', { timeout: 240_000 }, () => {
  test('change on the running service, at once', async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder);
    const data = ['--data', fleet.dataFolder];
    const run = async (...parameters: readonly string[]) => {
      const { code, stdout, output } = await runProgram('fleet', ...parameters, ...data, '--json');
      expect([parameters, code, code === 0 ? '' : output]).toEqual([parameters, 0, '']);
      return JSON.parse(stdout) as Record<string, string>;
    };
    const get = async (token = '') =>
      (await fetch(`${fleet.url}/api/v1/points`, { headers: { authorization: `Bearer ${token}` } })).status;
    const login = async (credentials: object) =>
      (await (
        await fetch(`${fleet.url}/api/v1/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(credentials),
        })
      ).json()) as { token?: string; needs?: string };
    const added = await run('user', 'add', 'zoe', '--role', 'viewer');
    expect(await login({ login: 'zoe', password: added['password'] })).toMatchObject({
      needs: 'new-password',
    });
    const key = await run('key', 'create', '--name', 'p', '--role', 'viewer', '--purpose', 'open-data');
    expect(await get(key['key'])).toBe(200);
    const next = await run('key', 'rotate', String(key['id']), '--overlap-hours', '0');
    expect([await get(key['key']), await get(next['key'])]).toEqual([401, 200]);
    await run('user', 'disable', 'zoe');
    expect(await login({ login: 'zoe', password: added['password'] })).not.toHaveProperty('token');
    expect(JSON.stringify(await run('key', 'list'))).not.toContain('secretHash');
    const secret = join(folder, 'secret.txt');
    writeFileSync(secret, 'changeme-changeme');
    const provider = {
      id: 'agglo',
      name: 'A',
      issuer: 'https://a.example',
      clientId: 'c',
      fleetUrl: fleet.url,
    };
    writeFileSync(
      join(folder, 'agglo.yaml'),
      JSON.stringify({ ...provider, organisation: key['organisationId'] }),
    );
    const add = ['sign-on', 'add', join(folder, 'agglo.yaml'), '--secret-file', secret, ...data];
    const refused = await runProgram('fleet', ...add);
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('is a default')]);
  });
});
