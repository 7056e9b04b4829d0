import { expect, test } from 'vitest';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface Person {
  readonly login: string;
  readonly limit?: { readonly siteId?: string; readonly from?: number; readonly to?: number };
}
interface Token {
  readonly siteId?: string;
}

/** Summer time begins: the day has 23 hours. */
const DAY = {
  from: Date.parse('2026-03-28T23:00:00Z'),
  to: Date.parse('2026-03-29T22:00:00Z'),
};

test(
  'technicians and claim tokens are limited to a site and a day from the command line',
  { timeout: 240_000 },
  async () => {
    const fleet = await startFleet(temporaryFolder());
    const data = ['--data', fleet.dataFolder];
    const run = async (...parameters: readonly string[]): Promise<unknown> => {
      const { code, stdout, output } = await runProgram('fleet', ...parameters, ...data, '--json');
      expect([parameters, code, code === 0 ? '' : output]).toEqual([parameters, 0, '']);
      return JSON.parse(stdout);
    };
    const refusal = async (...parameters: readonly string[]): Promise<string> => {
      const { code, output } = await runProgram('fleet', ...parameters, ...data);
      expect([parameters, code]).toEqual([parameters, 1]);
      return output;
    };
    const [top] = (await run('organisation', 'list')) as readonly { id: string }[];
    await run('site', 'add', 'Station', '--organisation', String(top?.id));
    const [site] = (await run('site', 'list')) as readonly { id: string }[];
    const technician = ['--role', 'technician', '--site', 'Station'];
    await run('user', 'add', 'lea', ...technician, '--day', '2026-03-29');
    await run('user', 'add', 'max', ...technician, '--until', '2026-04-01T00:00:00Z');
    const limitOf = async (wanted: string) =>
      ((await run('user', 'list')) as readonly Person[]).find(({ login }) => login === wanted)?.limit;
    expect(await limitOf('lea')).toEqual({ siteId: site?.id, ...DAY });
    expect(await limitOf('max')).toEqual({ siteId: site?.id, to: Date.parse('2026-04-01T00:00:00Z') });
    await run('user', 'role', 'max', 'technician');
    expect(await limitOf('max')).toBeUndefined();
    expect(await refusal('user', 'add', 'eve', '--role', 'viewer', '--site', 'Station')).toContain(
      'only the role of a technician',
    );
    expect(await refusal('user', 'add', 'eve', '--role', 'technician', '--site', 'Nowhere')).toContain(
      'no site Nowhere',
    );
    expect(await refusal('user', 'invite', ...technician, '--day', '2026-02-30')).toContain('write a day as');
    expect(
      await refusal('user', 'invite', ...technician, '--day', '2026-03-29', '--from', '2026-03-01T00:00:00Z'),
    ).toContain('Give --day, or --from and --until');
    await run('token', 'create', '--site', 'Station');
    expect(await refusal('token', 'create', '--site', 'Nowhere')).toContain('no site Nowhere');
    const tokens = (await runProgram('fleet', 'token', 'list', ...data, '--json')).stdout;
    expect((JSON.parse(tokens) as readonly Token[]).map(({ siteId }) => siteId)).toEqual([site?.id]);
    expect((await runProgram('fleet', 'token', 'list', ...data)).stdout).toContain('at Station');
  },
);
