import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { connect } from 'node:net';
import { createMqttConnect } from '../../../agent/uplink/mqtt-connection.js';
import type { Connection } from '../../../agent/uplink/connection.js';
import { openSecureSocket } from '../../../agent/uplink/secure-socket.js';
import { socketFault } from '../../../agent/uplink/socket-fault.js';
import type { Identity } from '../../../agent/identity/identity.js';
import { createThrowawayAuthority, type Issued } from '../../support/throwaway-authority.js';
import { startStandIn } from './fleet-stand-in.js';

const GATEWAY = 'gateway0000000001';
const signal = new AbortController().signal;

type Authority = Awaited<ReturnType<typeof createThrowawayAuthority>>;
let authority: Authority;
let gateway: Issued;
let server: Issued;

beforeAll(async () => {
  authority = await createThrowawayAuthority();
  gateway = await authority.issue({ name: GATEWAY, use: 'client' });
  server = await authority.issue({ name: 'fleet', use: 'server', names: ['fleet.test'] });
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const identityAt = (port: number, host = '127.0.0.1'): Identity => ({
  gatewayId: GATEWAY,
  privateKey: gateway.key,
  certificateChain: `${gateway.certificate}\n${authority.issuer}\n`,
  root: authority.root,
  thumbprint: createHash('sha256').update(new X509Certificate(gateway.certificate).raw).digest(),
  broker: { host, port, serverName: 'fleet.test' },
});

const listen = async (server: Server, sockets = new Set<Socket>()): Promise<number> => {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** What an attempt at whatever answers there fails with. */
const faultAt = async (port: number, timeoutMs = 20_000, host?: string) => {
  let bytes = 0;
  const count = (more: number): void => {
    bytes += more;
  };
  const fault = await openSecureSocket(identityAt(port, host), () => Date.now(), {
    timeoutMs,
    signal,
    count,
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { fault, bytes: () => bytes };
};

it.each([
  ['a page', 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Welcome to our hotspot</html>'],
  ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://portal.test/\r\n\r\n'],
])('a captive portal that answers %s is named', async (_, page) => {
  const port = await listen(createServer((socket) => socket.once('data', () => socket.end(page))));
  const { fault, bytes } = await faultAt(port);
  expect(fault).toMatchObject({ code: 'not-tls', message: expect.stringContaining('captive portal') });
  expect(bytes()).toBeGreaterThan(100);
});

it('a captive portal that swallows everything is named', async () => {
  const { fault } = await faultAt(await listen(createServer()), 1_500);
  expect(fault).toMatchObject({ code: 'silent', message: expect.stringContaining('captive portal') });
});

it('a captive portal with a certificate of its own is not trusted', async () => {
  const stranger = await createThrowawayAuthority();
  const issued = await stranger.issue({ name: 'portal', use: 'server', names: ['fleet.test'] });
  const port = await listen(createTlsServer({ key: issued.key, cert: issued.certificate }));
  expect((await faultAt(port)).fault).toMatchObject({ code: 'untrusted' });
});

it('a certificate that is not valid at the time that is known is named', async () => {
  const day = 86_400_000;
  const future = await authority.issue({
    name: 'fleet',
    use: 'server',
    names: ['fleet.test'],
    notBefore: new Date(Date.now() + 20 * day),
    notAfter: new Date(Date.now() + 30 * day),
  });
  const port = await listen(
    createTlsServer({ key: future.key, cert: `${future.certificate}\n${authority.issuer}` }),
  );
  expect((await faultAt(port)).fault).toMatchObject({ code: 'certificate-dates' });
});

it('a port where nothing listens, a cut in the handshake and a name that is not found are named', async () => {
  const gone = createServer();
  const port = await listen(gone);
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  expect((await faultAt(port)).fault).toMatchObject({ code: 'refused-connection' });
  const cutting = await listen(createServer((socket) => socket.once('data', () => socket.destroy())));
  expect((await faultAt(cutting)).fault).toMatchObject({ code: 'unreachable' });
  const lookup = Object.assign(new Error('getaddrinfo EAI_AGAIN fleet.test'), { code: 'EAI_AGAIN' });
  expect(socketFault('fleet.test:8883', 'lookup', lookup)).toMatchObject({ code: 'dns' });
});

/** Passes bytes between a gateway and its fleet until told to fall silent, with both ends left open. */
const startProxy = async (to: number): Promise<{ readonly port: number; silence(): void }> => {
  const sockets = new Set<Socket>();
  let silent = false;
  const proxy = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    sockets.add(far);
    far.on('error', () => far.destroy());
    near.on('data', (bytes) => silent || far.write(bytes));
    far.on('data', (bytes) => silent || near.write(bytes));
  });
  const port = await listen(proxy, sockets);
  return {
    port,
    silence: () => {
      silent = true;
    },
  };
};

const startFleet = async () => {
  const fleet = await startStandIn({
    gatewayId: GATEWAY,
    gatewayCertificate: gateway.certificate,
    chain: authority.issuer,
    root: authority.root,
    server,
  });
  cleanups.push(() => fleet.close());
  return fleet;
};

it('a half-open link is found by its own questions, whatever the keepalive', async () => {
  const fleet = await startFleet();
  const proxy = await startProxy(fleet.port);
  const time = { now: 0 };
  const connection: Connection = await createMqttConnect({
    identity: identityAt(proxy.port),
    keepaliveS: () => 1_000,
    knownTime: () => Date.now(),
    now: () => time.now,
    count: () => undefined,
  })({ onMessage: () => undefined, signal });
  await connection.publish('health', new Uint8Array([1]));
  time.now += 3_600_000;
  proxy.silence();
  const lost = connection.publish('health', new Uint8Array([2])).catch((error: unknown) => error);
  time.now += 25_000;
  expect(await connection.ended).toMatchObject({ code: 'half-open' });
  expect(await lost).toMatchObject({ code: 'half-open' });
}, 30_000);

it('what crosses the wire is counted, with the handshake and the headers below it', async () => {
  const fleet = await startFleet();
  let bytes = 0;
  const connection = await createMqttConnect({
    identity: identityAt(fleet.port),
    keepaliveS: () => 60,
    knownTime: () => Date.now(),
    now: () => 0,
    count: (more) => {
      bytes += more;
    },
  })({ onMessage: () => undefined, signal });
  for (let message = 0; message < 10; message += 1) await connection.publish('health', new Uint8Array(1_000));
  await connection.close();
  // ten messages, ten PUBACKs, and two certificate chains
  expect(bytes).toBeGreaterThan(12_000);
  expect(bytes).toBeLessThan(25_000);
});
