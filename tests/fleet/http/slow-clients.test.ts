import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openFleetOfViews } from '../projections/fleet-of-views.js';
import { openHttpOver } from './http-under-test.js';

const TIMEOUTS = { headMs: 1000, requestMs: 1500, idleMs: 1200, checkMs: 50 };

/** The service on a port of its own, with little patience. */
const listen = async () => {
  const http = await openHttpOver(openFleetOfViews(), { timeouts: TIMEOUTS });
  onTestFinished(() => http.close());
  await http.server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = http.server.server.address() as AddressInfo;
  const accepted = async (): Promise<Socket> => {
    const [socket] = (await once(http.server.server, 'connection')) as [Socket];
    return socket;
  };
  return { port, accepted, url: `http://127.0.0.1:${port}` };
};

/** Sends the beginning, then a byte now and then for ever; gives what came back when the service had enough. */
const drip = async (port: number, beginning: string, byte: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  const answer: Buffer[] = [];
  socket.on('data', (bytes) => answer.push(bytes));
  socket.on('error', () => undefined);
  socket.write(beginning);
  const dripping = setInterval(() => byte !== '' && socket.write(byte), 10);
  await once(socket, 'close').finally(() => clearInterval(dripping));
  return Buffer.concat(answer).toString();
};

const HEAD = 'GET /api/v1/health HTTP/1.1\r\nhost: localhost\r\n';
const POST = 'POST /api/v1/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

const SLOW: readonly [who: string, beginning: string, byte: string][] = [
  ['says nothing at all', '', ''],
  ['never ends a head', HEAD, 'x'],
  ['never ends a line of the head', `${HEAD}x-slow: `, 'x'],
  ['never ends a body', `${POST}content-length: 60000\r\n\r\n{"login":"`, 'x'],
  ['never ends a body in chunks', `${POST}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
];

test('who is slow, however, is let go of, and holds up nobody', { timeout: 120_000 }, async () => {
  const { port, url } = await listen();
  const gone = Promise.all(
    SLOW.flatMap(([who, beginning, byte]) =>
      Array.from({ length: 20 }, async () => [who, await drip(port, beginning, byte)] as const),
    ),
  );
  expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
  const answers = await gone;
  expect(new Set(answers.map(([who]) => who)).size).toBe(SLOW.length);
  for (const [who, answer] of answers)
    expect([who, answer]).toEqual([who, expect.stringMatching(/^(HTTP\/1\.1 408 |$)/)]);
});

test('who asks and does not read is let go of', { timeout: 120_000 }, async () => {
  const { port, accepted } = await listen();
  const coming = accepted();
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  // far more than the system keeps for somebody who does not read
  socket.write('GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(80));
  const server = await coming;
  let unread = 0;
  server.prependOnceListener('timeout', () => {
    unread = server.writableLength;
  });
  await once(server, 'close');
  expect(unread).toBeGreaterThan(0);
});
