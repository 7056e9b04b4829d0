import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { programVersion } from '../../../agent/local/program-version.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../../fleet/demonstration/ports.js';
import { programAvailable } from '../../support/programs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { archiveIn, folderOfFile, runPackaging, unpack } from './support.js';

const WAIT_MS = 120_000;
const packed = folderOfFile();
const elsewhere = folderOfFile();
let archive = '';
let folder = '';

beforeAll(() => {
  runPackaging('pack', packed);
  archive = archiveIn(packed);
  folder = unpack(archive, elsewhere);
}, WAIT_MS);

/** The packed program, where nothing else of the project can be reached. */
const run = (...parameters: readonly string[]) =>
  spawnSync(join(folder, 'bin/terroir-agent'), parameters, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });

test('the archive bears version, platform and Node, and its SHA-256 lies beside it', () => {
  const [major] = process.versions.node.split('.');
  const name = `terroir-agent-${programVersion()}-${process.platform}-${process.arch}-node${major}.tar.gz`;
  expect(archive.endsWith(`/${name}`)).toBe(true);
  const hash = createHash('sha256').update(readFileSync(archive)).digest('hex');
  expect(readFileSync(`${archive}.sha256`, 'utf8')).toBe(`${hash}  ${name}\n`);
});

test(
  'packed again it is the same, byte for byte',
  () => {
    const again = temporaryFolder();
    runPackaging('pack', again);
    expect(readFileSync(archiveIn(again)).equals(readFileSync(archive))).toBe(true);
  },
  WAIT_MS,
);

test('it holds the agent, what it loads, and nothing of the fleet', () => {
  const packages = readdirSync(join(folder, 'node_modules'));
  expect(packages).toContain('better-sqlite3');
  for (const name of ['fastify', 'aedes', 'prom-client', 'typescript']) expect(packages).not.toContain(name);
  for (const file of ['terroir-agent.service', '60-terroir-agent.rules', 'install.sh', 'sbom.cdx.json'])
    expect(existsSync(join(folder, file)), file).toBe(true);
  expect(readFileSync(join(folder, 'THIRD-PARTY-LICENCES.txt'), 'utf8')).toContain('mqtt 5.16.0: MIT');
  expect(statSync(join(folder, 'install.sh')).mode & 0o777).toBe(0o755);
  expect(statSync(archive).size).toBeLessThan(8 * 1024 * 1024);
});

test('unpacked anywhere it says its version and checks a configuration', () => {
  expect(run('--version').stdout).toBe(`${programVersion()}\n`);
  const { stdout, status } = run('check', '--config', 'config/examples/everything.yaml');
  expect(stdout).toContain('in order');
  expect(status).toBe(0);
});

test(
  'unpacked anywhere it simulates a device and reads it',
  async () => {
    const port = await freePort();
    const simulator = spawn(
      join(folder, 'bin/terroir-agent'),
      ['simulate', 'terroir/weather-station@1', '--tcp', `127.0.0.1:${port}`],
      { cwd: folder, stdio: 'ignore', env: { PATH: process.env['PATH'] } },
    );
    const ended = once(simulator, 'close');
    onTestFinished(async () => {
      simulator.kill('SIGKILL');
      await ended;
    });
    await eventually(async () => answers(port), WAIT_MS);
    const config = join(folder, 'gateway.yaml');
    writeFileSync(
      config,
      `gateway: { name: unpacked }\nbuses: { roof: { tcp: '127.0.0.1:${port}' } }\ndevices: { station: { bus: roof, address: 1, profile: terroir/weather-station } }\n`,
    );
    const { stdout, status } = run('read', '--config', config);
    expect(stdout).toMatch(/Air temperature +-?\d+(\.\d)? +°C +good/);
    expect(status).toBe(0);
  },
  2 * WAIT_MS,
);

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const here = programAvailable('systemd-sysusers') && process.geteuid?.() === 0;

/** A card image: what Debian's base has of what installing looks at. */
const cardImage = (): string => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\ndialout:x:20:\n');
  return root;
};

const runInstaller = (installer: string, ...parameters: readonly string[]) =>
  spawnSync(join(installer, 'install.sh'), parameters, { encoding: 'utf8' });

const install = (root: string, from = folder): void => {
  const { status, stderr } = runInstaller(from, '--root', root);
  if (status !== 0) throw new Error(stderr);
};

/** The same package under another version. */
const otherVersion = (version: string): string => {
  const other = join(temporaryFolder(), 'other');
  cpSync(folder, other, { recursive: true });
  writeFileSync(join(other, 'version'), `${version}\n`);
  return other;
};

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe.skipIf(!here)('install.sh', () => {
  test('lays program, unit, rules, user and folders', () => {
    const root = cardImage();
    install(root);
    expect(readlinkSync(join(root, 'usr/local/bin/terroir-agent'))).toBe(
      '/opt/terroir-agent/current/bin/terroir-agent',
    );
    const version = spawnSync(join(root, 'opt/terroir-agent/current/bin/terroir-agent'), ['--version']);
    expect(version.stdout.toString()).toBe(readFileSync(join(folder, 'version'), 'utf8'));
    for (const file of [
      'etc/systemd/system/terroir-agent.service',
      'etc/udev/rules.d/60-terroir-agent.rules',
    ])
      expect(existsSync(join(root, file)), file).toBe(true);
    expect(readFileSync(join(root, 'etc/group'), 'utf8')).toMatch(/^dialout:x:20:terroir-agent$/m);
    expect(readFileSync(join(root, 'etc/group'), 'utf8')).toMatch(/^gpio:x:\d+:terroir-agent$/m);
    const [, uid] = /^terroir-agent:x:(\d+):/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8')) ?? [];
    const data = join(root, 'var/lib/terroir-agent');
    expect(statSync(data).uid).toBe(Number(uid));
    expect(modeOf(data)).toBe(0o700);
    expect(modeOf(join(root, 'etc/terroir-agent'))).toBe(0o750);
    expect(readlinkSync(join(root, 'etc/terroir-agent/data'))).toBe('/var/lib/terroir-agent');
  });

  test(
    'an upgrade keeps configuration and data, and the version before it to return to',
    () => {
      const root = cardImage();
      install(root);
      install(root);
      const first = readlinkSync(join(root, 'opt/terroir-agent/current'));
      writeFileSync(join(root, 'etc/terroir-agent/gateway.yaml'), 'gateway: { name: Kept }\n');
      writeFileSync(join(root, 'var/lib/terroir-agent/key.pem'), 'kept');
      const second = otherVersion('0.2.0');
      install(root, second);
      expect(readlinkSync(join(root, 'opt/terroir-agent/current'))).toBe('0.2.0');
      expect(existsSync(join(root, 'opt/terroir-agent', first))).toBe(true);
      writeFileSync(join(second, 'version'), '0.3.0\n');
      install(root, second);
      expect(existsSync(join(root, 'opt/terroir-agent', first))).toBe(false);
      install(root, join(root, 'opt/terroir-agent/0.2.0'));
      expect(readlinkSync(join(root, 'opt/terroir-agent/current'))).toBe('0.2.0');
      expect(readFileSync(join(root, 'etc/terroir-agent/gateway.yaml'), 'utf8')).toContain('Kept');
      expect(readFileSync(join(root, 'var/lib/terroir-agent/key.pem'), 'utf8')).toBe('kept');
    },
    WAIT_MS,
  );

  test('uninstalled, the program is gone and what it measured is not; --purge takes that too', () => {
    const root = cardImage();
    install(root);
    const key = join(root, 'var/lib/terroir-agent/key.pem');
    writeFileSync(key, 'kept');
    expect(runInstaller(folder, 'uninstall', '--root', root).status).toBe(0);
    expect(existsSync(join(root, 'opt/terroir-agent'))).toBe(false);
    expect(() => lstatSync(join(root, 'usr/local/bin/terroir-agent'))).toThrow();
    expect(existsSync(key)).toBe(true);
    expect(runInstaller(folder, 'uninstall', '--purge', '--root', root).status).toBe(0);
    expect(existsSync(key)).toBe(false);
    expect(existsSync(join(root, 'etc/terroir-agent'))).toBe(false);
  });

  test('what it does not understand changes nothing', () => {
    const root = cardImage();
    expect(runInstaller(folder, 'instal', '--root', root).status).toBe(2);
    expect(runInstaller(folder, '--purge', '--root', root).status).toBe(2);
    expect(existsSync(join(root, 'opt'))).toBe(false);
  });
});
