import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../fleet/demonstration/ports.js';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('terroir-fleet', { timeout: 60_000 }, () => {
  test('teaches what it can do', async () => {
    const help = await runProgram('fleet', '--help');
    expect(help.code).toBe(0);
    for (const command of ['serve', 'inspect', 'rebuild', 'demo', 'Examples:']) {
      expect(help.stdout).toContain(command);
    }
    for (const command of ['serve', 'inspect', 'rebuild', 'demo']) {
      expect((await runProgram('fleet', command, '--help')).code).toBe(0);
    }
  });

  test('ends without a word when nobody reads what it prints', async () => {
    const golden = new URL('../wire/golden/1/', import.meta.url);
    const file = join(temporaryFolder(), 'reading.proof');
    writeFileSync(file, readFileSync(new URL('proof-reading.hex', golden), 'utf8').replace(/\s/g, ''), 'hex');
    const root = fileURLToPath(new URL('proof-root.pem', golden));
    const asked = [
      ['agent', 'profile', 'list'],
      ['fleet', 'verify', file, '--root', root],
    ] as const;
    for (const [name, ...parameters] of asked) {
      const program = startProgram(name, ...parameters);
      // before it has loaded what it prints
      program.process.stdout?.destroy();
      expect([await program.ended(), program.output()]).toEqual([0, '']);
    }
  });

  test('refuses what it does not know, and says why', async () => {
    const faults: [parameters: string[], message: RegExp][] = [
      [['serv'], /unknown command 'serv'/],
      [['serve', '--http-port', '65536'], /a port is 0 to 65535/],
      [['serve', '--http-port', 'http'], /a port is 0 to 65535/],
      [['serve', '--tls', 'maybe'], /Allowed choices are none, fleet, own/],
      [['serve', '--tls', 'own'], /--tls own needs --tls-key and --tls-certificate/],
      [['serve', '--http-host', '0.0.0.0'], /would cross the network in the clear/],
      [['serve', '--http-host', '0.0.0.0', '--behind-proxy'], /needs --trusted-proxy/],
      [['demo', '--restart-after', 'soon'], /give whole seconds/],
    ];
    for (const [parameters, message] of faults) {
      const { code, output } = await runProgram('fleet', ...parameters);
      expect([parameters, code]).toEqual([parameters, 1]);
      expect(output).toMatch(message);
      expect(output).not.toMatch(/\n\s+at /);
    }
  });

  test('makes what it needs at the first start, and shows the first password once', async () => {
    const folder = temporaryFolder();
    const parameters = [
      'serve',
      '--data',
      join(folder, 'data'),
      '--organisation',
      'Val de Brenne',
      '--http-port',
      String(await freePort()),
      '--mqtt-host',
      '127.0.0.1',
      '--mqtt-port',
      String(await freePort()),
    ];
    const first = startProgram('fleet', ...parameters);
    const [, url = ''] = await first.printed(/Console (http:\S+)\//);
    const [, login = '', password = ''] = await first.printed(/login (\S+), password (\S+)/);
    const answer = await fetch(`${url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
    });
    const { token } = (await answer.json()) as { token: string };
    const organisations = await fetch(`${url}/api/v1/organisations`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await organisations.json()).toMatchObject({ items: [{ name: 'Val de Brenne' }] });
    expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0);
    expect(await first.end('SIGTERM')).toBe(0);
    const second = startProgram('fleet', ...parameters);
    await second.printed(/Console/);
    expect(second.output()).not.toMatch(/password/);
    expect(await second.end('SIGINT')).toBe(0);
  });

  test('writes the first password to a file that only its owner reads, where asked', async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder);
    const file = join(folder, 'administrator.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(fleet.program.output()).not.toContain(fleet.administrator.password);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ login: 'admin' });
  });

  test('says in one sentence that a port is taken, and has not used up the first password', async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder);
    const { port } = new URL(fleet.url);
    const data = join(folder, 'other');
    const second = await runProgram(
      'fleet',
      'serve',
      '--data',
      data,
      '--http-port',
      port,
      '--mqtt-port',
      '0',
    );
    expect(second.code).toBe(1);
    expect(second.output).toContain(`terroir-fleet: Port ${port} is in use: choose another with --http-port`);
    expect(second.output).not.toMatch(/\n\s+at /);
    const busy = await runProgram('fleet', 'serve', '--data', data, '--http-port', '0', '--mqtt-port', port);
    expect(busy.output).toMatch(`port ${port} is in use`);
    const third = startProgram('fleet', 'serve', '--data', data, '--http-port', '0', '--mqtt-port', '0');
    await third.printed(/First administrator, shown only now: login admin, password \S+/);
  });

  test('serves HTTPS under its own root, which claim tokens pin', async () => {
    const folder = temporaryFolder();
    const parameters = ['serve', '--data', folder, '--http-port', '0', '--mqtt-port', '0'];
    const program = startProgram('fleet', ...parameters, '--mqtt-host', '127.0.0.1', '--tls', 'fleet');
    const [, url = ''] = await program.printed(/Console (https:\S+)\//);
    await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow();
    expect(await program.end('SIGTERM')).toBe(0);
  });
});
