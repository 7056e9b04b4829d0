import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serviceManager } from '../../../agent/supervision/service-manager.js';
import { eventually } from '../../support/eventually.js';
import { startWeatherStation, writeConfiguration } from '../../support/gateway-under-test.js';
import { startProgramWith } from '../../support/program.js';
import { programAvailable } from '../../support/programs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const here = programAvailable('systemd-notify') && programAvailable('python3');
const WAIT_MS = 60_000;

/** Node has no unix datagram sockets. `recv` drops the descriptor whose closing says that a word was taken. */
const EAR = `
import socket, sys
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
while True:
    print(ear.recv(4096).decode(), flush=True)
`;

/** A service manager's ear. */
const listen = async (folder: string) => {
  const socket = join(folder, 'notify');
  const ear = spawn('python3', ['-c', EAR, socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(ear, 'close');
  onTestFinished(async () => {
    ear.kill('SIGKILL');
    await ended;
  });
  let heard = '';
  ear.stdout.on('data', (text: Buffer) => (heard += text.toString()));
  await eventually(() => existsSync(socket), WAIT_MS);
  return { socket, heard: () => heard };
};

const timesOf = (text: string, word: string): number => text.split(word).length - 1;

test.skipIf(!here)(
  'a running agent is ready once it measures, then alive, then takes leave',
  async () => {
    const folder = temporaryFolder();
    const { socket, heard } = await listen(folder);
    const config = writeConfiguration(folder, 'watched', await startWeatherStation());
    const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '2000000' };
    const agent = startProgramWith(environment, 'agent', 'run', '--config', config);
    await agent.printed(/"event":"started"/, WAIT_MS);
    await eventually(() => heard().includes('READY=1'), WAIT_MS);
    await eventually(() => timesOf(heard(), 'WATCHDOG=1') >= 3, WAIT_MS);
    expect(await agent.end('SIGTERM')).toBe(0);
    await eventually(() => heard().includes('STOPPING=1'), WAIT_MS);
    expect(heard().indexOf('READY=1')).toBe(0);
  },
  2 * WAIT_MS,
);

test.skipIf(!here)('several words are told at once', async () => {
  const folder = temporaryFolder();
  const { socket, heard } = await listen(folder);
  const manager = serviceManager({ ...process.env, NOTIFY_SOCKET: socket }, process.pid);
  expect(await manager?.tell('READY=1', 'STATUS=measuring')).toBe(true);
  await eventually(() => heard().includes('STATUS=measuring'), WAIT_MS);
});

test('without a socket there is nobody to tell', () => {
  expect(serviceManager({}, 1)).toBeUndefined();
});

test('a watchdog that is meant for the process that started this one is not ours', () => {
  const socket = { NOTIFY_SOCKET: '/run/nobody' };
  const period = { ...socket, WATCHDOG_USEC: '120000000' };
  expect(serviceManager({ ...period, WATCHDOG_PID: '7' }, 7)?.watchdogMs).toBe(120_000);
  expect(serviceManager({ ...period, WATCHDOG_PID: '6' }, 7)?.watchdogMs).toBeUndefined();
  expect(serviceManager(period, 7)?.watchdogMs).toBe(120_000);
  expect(serviceManager(socket, 7)?.watchdogMs).toBeUndefined();
  expect(serviceManager({ ...socket, WATCHDOG_USEC: 'soon' }, 7)?.watchdogMs).toBeUndefined();
});

test('a word that cannot be said is no error of ours', async () => {
  const manager = serviceManager({ NOTIFY_SOCKET: '/run/nobody' }, 1, '/nowhere/systemd-notify');
  expect(await manager?.tell('READY=1')).toBe(false);
});
