import { linkSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askAgent, askStatus, openStatusSocket } from '../../../agent/local/status-socket.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const report = (name: string) => () => Promise.resolve({ name });

it('answers its owner with one JSON document', async () => {
  const folder = temporaryFolder();
  const socket = await openStatusSocket(folder, report('a'));
  expect(await askStatus(folder)).toBe('{"name":"a"}\n');
  expect(statSync(join(folder, 'agent.sock')).mode & 0o777).toBe(0o600);
  await socket.close();
  expect(await askStatus(folder)).toBeUndefined();
});

it('keeps a second agent out of the folder, and lets it in when the first has gone', async () => {
  const folder = temporaryFolder();
  const first = await openStatusSocket(folder, report('first'));
  await expect(openStatusSocket(folder, report('second'))).rejects.toMatchObject({ code: 'running' });
  expect(await askStatus(folder)).toContain('first');
  await first.close();
  const second = await openStatusSocket(folder, report('second'));
  expect(await askStatus(folder)).toContain('second');
  await second.close();
});

it('takes the place of an agent that was killed', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'agent.sock');
  // What a killed process leaves: a socket's name with nobody behind it.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'x'), resolve));
  linkSync(join(folder, 'x'), path);
  await new Promise((resolve) => server.close(resolve));
  expect(await askStatus(folder)).toBeUndefined();
  const socket = await openStatusSocket(folder, report('next'));
  expect(await askStatus(folder)).toContain('next');
  await socket.close();
});

it('works in a folder that is deeper than a socket path is long', async () => {
  const folder = join(temporaryFolder(), 'deep'.repeat(20), 'deeper'.repeat(20));
  mkdirSync(folder, { recursive: true });
  const socket = await openStatusSocket(folder, report('deep'));
  expect(await askStatus(folder)).toContain('deep');
  await expect(openStatusSocket(folder, report('b'))).rejects.toMatchObject({ code: 'running' });
  await socket.close();
  expect(await askStatus(folder)).toBeUndefined();
});

it('closes a connection whose report fails, and says nothing of where no folder is', async () => {
  const folder = temporaryFolder();
  const socket = await openStatusSocket(folder, () => Promise.reject(new Error('starting')));
  expect(await askStatus(folder)).toBe('');
  await socket.close();
  expect(await askStatus(join(folder, 'none'))).toBeUndefined();
});

it('answers in memory for a folder that takes no socket, for that folder alone', async () => {
  const [runtime, none] = [temporaryFolder(), join(temporaryFolder(), 'none')];
  const socket = await openStatusSocket(none, report('there'), runtime);
  const ask = (folder: string) => askAgent(folder, { ask: 'status' }, undefined, runtime);
  expect(await ask(none)).toContain('there');
  expect(await ask(join(none, 'other'))).toBeUndefined();
  await expect(openStatusSocket(none, report('second'), runtime)).rejects.toMatchObject({ code: 'running' });
  await socket.close();
  expect(await ask(none)).toBeUndefined();
  await expect(openStatusSocket(none, report('nowhere'), join(runtime, 'none'))).rejects.toMatchObject({
    code: 'no-socket',
  });
});
