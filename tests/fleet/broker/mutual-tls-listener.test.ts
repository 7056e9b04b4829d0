import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PeerConnection } from '../../../fleet/broker/connection.js';
import { BrokerError } from '../../../fleet/broker/errors.js';
import { mutualTlsListener } from '../../../fleet/broker/mutual-tls-listener.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { eventually } from '../../support/eventually.js';
import { PATIENCE_MS, startBroker, type BrokerUnderTest, type Credentials } from './broker-under-test.js';
import { connectPacket } from './raw-mqtt.js';

const A = 'gwaaaaaaaaaaaaaa';
const DAY_MS = 86_400_000;

let under: BrokerUnderTest;
let folder: string;

beforeAll(async () => {
  under = await startBroker();
  folder = await mkdtemp(join(tmpdir(), 'terroir-tls-'));
});
afterAll(async () => {
  await under.close();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  for (const list of Object.values(under.told)) list.length = 0;
});

const expectRefused = async (
  credentials: Pick<Credentials, 'key' | 'cert'> | undefined,
  code: 'certificate' | 'handshake',
  detail: RegExp,
): Promise<void> => {
  const raw = under.raw(credentials);
  raw.socket.write(connectPacket({ clientId: A }));
  await eventually(raw.closed, PATIENCE_MS);
  const fault = await under.refusedWith(code);
  expect(fault.detail).toMatch(detail);
  expect(fault.gatewayId).toBeUndefined();
  expect(raw.received()).toHaveLength(0);
  expect(under.told.sessions).toEqual([]);
};

describe('nobody gets in', () => {
  it('without a certificate', () =>
    expectRefused(undefined, 'handshake', /peer did not return a certificate/));

  it('with a certificate of another authority of the same name', async () => {
    const foreign = await openAuthority(join(folder, 'foreign'), { now: Date.now });
    await expectRefused(await under.issue(A, foreign), 'certificate', /UNABLE|SELF_SIGNED|SIGNATURE/);
  });

  it('with an expired certificate', async () => {
    const past = await under.authorityAt(Date.now() - 91 * DAY_MS);
    await expectRefused(await under.issue(A, past), 'certificate', /CERT_HAS_EXPIRED/);
  });

  it('with a certificate of tomorrow', async () => {
    const future = await under.authorityAt(Date.now() + DAY_MS);
    await expectRefused(await under.issue(A, future), 'certificate', /CERT_NOT_YET_VALID/);
  });

  it('with a certificate made for a server', async () => {
    const server = await under.authority.issueServer({ names: [A] });
    await expectRefused({ key: server.keyPem, cert: server.certificatePem }, 'certificate', /PURPOSE/);
  });

  it('with a certificate that names no gateway', async () => {
    await expectRefused(await under.issue('Gateway 1'), 'certificate', /names no gateway/);
  });

  it('with a certificate whose key it has not', async () => {
    const a = await under.issue(A);
    const b = await under.issue(A);
    expect(() => under.raw({ key: a.key, cert: b.cert })).toThrow(/key values mismatch/);
  });
});

it('lets a gateway in with TLS 1.2 and 1.3, and not below', async () => {
  const a = await under.issue(A);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const raw = under.raw(a, version);
    await raw.open(A);
    expect(raw.socket.getProtocol()).toBe(version);
    raw.socket.destroy();
    await eventually(() => !under.broker.connected(A), PATIENCE_MS);
  }
  const ca = under.authority.rootPem;
  const old = connect({
    port: under.broker.port,
    host: '127.0.0.1',
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  });
  await expect(once(old, 'secureConnect')).rejects.toThrow();
});

it('resumes no session, so that every connection is checked anew', async () => {
  const a = await under.issue(A);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const tls = {
      port: under.broker.port,
      host: '127.0.0.1',
      ca: under.authority.rootPem,
      key: a.key,
      cert: a.cert,
    };
    const first = connect({ ...tls, minVersion: version, maxVersion: version });
    let session: Buffer | undefined;
    first.on('session', (made: Buffer) => (session = made));
    await once(first, 'secureConnect');
    session ??= first.getSession();
    first.destroy();
    const second = connect({ ...tls, minVersion: version, maxVersion: version, session });
    await once(second, 'secureConnect');
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  }
});

const listenerOn = async (port: number) => {
  const server = await under.authority.issueServer({ names: ['127.0.0.1'] });
  return mutualTlsListener({ host: '127.0.0.1', port, ...server, ca: [under.authority.rootPem] });
};

describe('a listener', () => {
  it('says in one sentence that its port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const listener = await listenerOn(port);
    const error: unknown = await listener
      .listen({ connection: () => undefined, refused: () => undefined })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({
      code: 'port-in-use',
      message: `MQTT port ${port} is in use; choose another one.`,
    });
    blocker.close();
  });

  it('closes at once, whoever is connected', async () => {
    const a = await under.issue(A);
    const listener = await listenerOn(0);
    const connections: PeerConnection[] = [];
    const port = await listener.listen({
      connection: (connection) => connections.push(connection),
      refused: () => undefined,
    });
    const silent = connectTcp(port, '127.0.0.1').on('error', () => undefined);
    const open = connect({ port, host: '127.0.0.1', ca: under.authority.rootPem, key: a.key, cert: a.cert });
    open.on('error', () => undefined);
    await eventually(() => connections.length === 1, PATIENCE_MS);
    await listener.close();
    expect(connections[0]?.socket.destroyed).toBe(true);
    await eventually(() => silent.destroyed && open.destroyed, PATIENCE_MS);
  });

  it('shows new credentials to new connections, and keeps the old ones', async () => {
    const a = await under.issue(A);
    const listener = await listenerOn(0);
    const port = await listener.listen({ connection: () => undefined, refused: () => undefined });
    const dial = async (): Promise<TLSSocket> => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        ca: under.authority.rootPem,
        key: a.key,
        cert: a.cert,
      });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    };
    const before = await dial();
    listener.renew(await under.authority.issueServer({ names: ['127.0.0.1'] }));
    const after = await dial();
    expect(after.getPeerCertificate().fingerprint256).not.toBe(before.getPeerCertificate().fingerprint256);
    expect(before.destroyed).toBe(false);
    await listener.close();
  });
});
