import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ChannelError } from '../../../drivers/channel/channel-error.js';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import { openTcpChannel } from '../../../drivers/channel/tcp-channel.js';
import { eventually } from '../../support/eventually.js';
import { always } from '../../support/modbus.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const listen = async (
  greet: (socket: Socket) => void,
): Promise<{ type: 'tcp'; host: string; port: number }> => {
  const server = createServer(greet);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { type: 'tcp', host: '127.0.0.1', port: address.port };
};

test('bytes go both ways', async () => {
  const channel = await openChannel(await listen((socket) => socket.pipe(socket)), always());
  const heard: number[] = [];
  channel.onData((bytes) => heard.push(...bytes));
  await channel.write(Uint8Array.of(1, 2));
  await channel.write(Uint8Array.of(3));
  await eventually(() => heard.length === 3, 2000);
  expect(heard).toEqual([1, 2, 3]);
  await channel.close();
  await expect(channel.write(Uint8Array.of(4))).rejects.toMatchObject({ code: 'closed', retryable: true });
});

test('the other side going is told once, even to a listener who comes after', async () => {
  const channel = await openChannel(await listen((socket) => socket.destroy()), always());
  const told: unknown[] = [];
  channel.onClose((cause) => told.push(cause));
  await eventually(() => told.length > 0, 2000);
  channel.onClose((cause) => told.push(cause));
  await eventually(() => told.length > 1, 2000);
  await channel.close();
  expect(told).toHaveLength(2);
});

test('a port where nobody listens is unreachable, and the error names it', async () => {
  const endpoint = await listen(() => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const failure = await openChannel(endpoint, always()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ChannelError);
  expect(failure).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining(String(endpoint.port)),
  });
});

test('connecting ends with its time or its signal', async () => {
  // TEST-NET-1 (RFC 5737): packets to it get lost or refused, never answered.
  const nowhere = { type: 'tcp', host: '192.0.2.1', port: 502 } as const;
  await expect(openTcpChannel(nowhere, always(), 50)).rejects.toMatchObject({ code: 'unreachable' });
  await expect(openTcpChannel(nowhere, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  const abort = new AbortController();
  const opening = openTcpChannel(await listen(() => {}), abort.signal);
  abort.abort(new Error('changed my mind'));
  await expect(opening).rejects.toThrow('changed my mind');
});
