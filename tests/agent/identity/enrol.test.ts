import 'reflect-metadata';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatClaimToken } from '#wire/enrolment.js';
import { pause } from '../../../agent/clock/timers.js';
import { awaitIdentity } from '../../../agent/identity/await-identity.js';
import { loadClaim } from '../../../agent/identity/claim.js';
import { claimOnce, queueClaim } from '../../../agent/identity/enrol.js';
import { loadOrMakeKey } from '../../../agent/identity/gateway-key.js';
import { loadIdentity } from '../../../agent/identity/stored-identity.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { createThrowawayAuthority } from '../../support/throwaway-authority.js';

type Authority = Awaited<ReturnType<typeof createThrowawayAuthority>>;
type Answer = { status: number; type?: string; body: unknown };
type Respond = (request: { token: string; csr: string; name: string }) => Promise<Answer> | Answer;

const GATEWAY = 'gateway0000000001';
const never = new AbortController().signal;
let authority: Authority;
let stranger: Authority;

beforeAll(async () => {
  authority = await createThrowawayAuthority();
  stranger = await createThrowawayAuthority();
});

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const tokenFor = (root: string): string =>
  formatClaimToken({ secret: randomBytes(32).toString('base64url'), rootFingerprint: root });

const publicKeyOf = (csr: string): string => {
  const der = Buffer.from(new Pkcs10CertificateRequest(csr).publicKey.rawData).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`;
};

/** What a right fleet answers; `change` makes it wrong. */
const granting =
  (
    change: (
      answer: Record<string, unknown>,
    ) => Promise<Record<string, unknown>> | Record<string, unknown> = (a) => a,
  ): Respond =>
  async ({ csr }) => {
    const { certificate } = await authority.issue({
      name: GATEWAY,
      use: 'client',
      publicKey: publicKeyOf(csr),
    });
    const broker = { host: null, port: 8883, serverName: 'fleet.test' };
    const { issuer, root } = authority;
    return { status: 201, body: await change({ gatewayId: GATEWAY, certificate, issuer, root, broker }) };
  };

const handle = (respond: Respond) => async (request: IncomingMessage, response: ServerResponse) => {
  let text = '';
  for await (const part of request) text += String(part);
  const answer = await respond(JSON.parse(text));
  response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' });
  response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
};

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const startHttp = async (respond: Respond): Promise<string> => {
  const port = await listen(createHttpServer((request, response) => void handle(respond)(request, response)));
  return `http://127.0.0.1:${port}`;
};

const startHttps = async (
  respond: Respond,
  options: { by?: Authority; use?: 'server' | 'client'; offerRoot?: boolean } = {},
): Promise<string> => {
  const { by = authority, use = 'server', offerRoot = true } = options;
  const { certificate, key } = await by.issue({ name: 'fleet', use, names: ['fleet.test'] });
  const cert = [certificate, by.issuer, ...(offerRoot ? [by.root] : [])].join('\n');
  const port = await listen(
    createHttpsServer({ key, cert }, (request, response) => void handle(respond)(request, response)),
  );
  return `https://127.0.0.1:${port}`;
};

const claimAt = async (fleetUrl: string, folder: string, token = tokenFor(authority.rootFingerprint)) =>
  claimOnce(await queueClaim({ fleetUrl, token, name: 'Town hall' }, folder), folder, never);

describe('enrolment', () => {
  it('stores what a right fleet answers, over TLS pinned by the token', async () => {
    const folder = temporaryFolder();
    const identity = await claimAt(await startHttps(granting()), folder);
    expect(identity).toMatchObject({ gatewayId: GATEWAY, broker: { host: '127.0.0.1', port: 8883 } });
    expect(loadIdentity(folder)).toEqual(identity);
    expect(loadClaim(folder)).toBeUndefined();
    expect(identity.certificateChain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  it('never lets the key leave its file', async () => {
    const folder = temporaryFolder();
    const seen: string[] = [];
    const grant = granting();
    await claimAt(
      await startHttp((request) => {
        seen.push(JSON.stringify(request));
        return grant(request);
      }),
      folder,
    );
    const pem = readFileSync(join(folder, 'key.pem'), 'utf8');
    const secret = pem.split('\n').slice(1, -2).join('');
    expect(seen.join()).not.toContain(secret);
    expect(readFileSync(join(folder, 'identity.json'), 'utf8')).not.toContain('PRIVATE');
    expect(createPrivateKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('asks with the same request after a lost answer', async () => {
    const folder = temporaryFolder();
    const requests: string[] = [];
    const grant = granting();
    const url = await startHttp((request) => {
      requests.push(request.csr);
      return requests.length === 1 ? { status: 503, body: 'busy' } : grant(request);
    });
    const token = tokenFor(authority.rootFingerprint);
    await expect(claimAt(url, folder, token)).rejects.toMatchObject({ code: 'answer', retryable: true });
    await claimAt(url, folder, token);
    expect(requests).toHaveLength(2);
    expect(requests[0]).toBe(requests[1]);
  });

  it.each([
    ['another authority', { by: 'stranger' as const }],
    ['a certificate for clients', { use: 'client' as const }],
    ['a chain without the root', { offerRoot: false }],
  ])('tells the token to nobody with %s', async (_, wrong) => {
    const folder = temporaryFolder();
    let asked = 0;
    const respond: Respond = () => {
      asked += 1;
      return { status: 500, body: '' };
    };
    const options = { ...wrong, by: 'by' in wrong ? stranger : authority };
    const claim = claimAt(await startHttps(respond, options), folder);
    await expect(claim).rejects.toMatchObject({ code: 'untrusted' });
    expect(asked).toBe(0);
    expect(loadClaim(folder)).toBeDefined();
  });

  it.each<
    [string, (answer: Record<string, unknown>) => Promise<Record<string, unknown>> | Record<string, unknown>]
  >([
    ['another root', (answer) => ({ ...answer, root: stranger.root })],
    ['an issuer of another root', (answer) => ({ ...answer, issuer: stranger.issuer })],
    [
      'a certificate for another key',
      async (answer) => ({ ...answer, ...(await authority.issue({ name: GATEWAY, use: 'client' })) }),
    ],
    ['another name than its certificate', (answer) => ({ ...answer, gatewayId: 'gateway0000000002' })],
    ['no certificate', (answer) => ({ ...answer, certificate: 'hello' })],
    ['an id that is none', (answer) => ({ ...answer, gatewayId: '../../etc' })],
    ['no broker', (answer) => ({ ...answer, broker: undefined })],
  ])('stores nothing of an answer with %s', async (_, change) => {
    const folder = temporaryFolder();
    await expect(claimAt(await startHttp(granting(change)), folder)).rejects.toThrow(/answer/);
    expect(readdirSync(folder).toSorted()).toEqual(['claim.json', 'key.pem']);
    expect(loadIdentity(folder)).toBeUndefined();
  });

  it('gives up a claim that the fleet refuses, and keeps it where something else answers', async () => {
    const folder = temporaryFolder();
    const body = { title: 'Token', detail: 'The token is unknown or has expired.' };
    const portal = await startHttp(() => ({ status: 403, type: 'text/html', body: '<html>' }));
    await expect(claimAt(portal, folder)).rejects.toMatchObject({ retryable: true });
    expect(loadClaim(folder)).toBeDefined();
    const fleet = await startHttp(() => ({ status: 403, type: 'application/problem+json', body }));
    await expect(claimAt(fleet, folder)).rejects.toMatchObject({ code: 'refused', retryable: false });
    expect(loadClaim(folder)).toBeUndefined();
  });

  it('names a captive portal: a page, a redirect, an answer that is no HTTP or no TLS; and keeps the claim', async () => {
    const folder = temporaryFolder();
    const page = await startHttp(() => ({ status: 200, type: 'text/html', body: '<html>Log in!</html>' }));
    const securePage = await startHttps(() => ({ status: 511, type: 'text/html', body: '<html>' }));
    const redirect = await listen(
      createHttpServer((_, response) => {
        response.writeHead(302, { location: 'http://portal.example/login' }).end();
      }),
    );
    const noise = await listen(createServer((socket) => socket.once('data', () => socket.end('hello\n'))));
    for (const [url, why] of [
      [page, /shows a page \(200\)/],
      [securePage, /shows a page \(511\)/],
      [`http://127.0.0.1:${redirect}`, /redirects to http:\/\/portal\.example\/login/],
      [`http://127.0.0.1:${noise}`, /something else answers/],
      [`https://127.0.0.1:${noise}`, /something else answers/],
      [`https://127.0.0.1:${redirect}`, /something else answers/],
    ] as const) {
      const claimed = claimAt(url, folder);
      await expect(claimed, url).rejects.toMatchObject({ code: 'portal', retryable: true });
      await expect(claimed, url).rejects.toThrow(why);
      expect(loadClaim(folder)).toBeDefined();
    }
  });

  it('names a machine without a fleet, and a name that is not found', async () => {
    const folder = temporaryFolder();
    const port = await listen(createServer());
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const gone = claimAt(`http://127.0.0.1:${port}`, folder);
    await expect(gone).rejects.toMatchObject({ code: 'refused-connection', retryable: true });
    const unknown = claimAt('https://fleet.invalid', folder);
    await expect(unknown).rejects.toMatchObject({ code: 'dns', retryable: true });
  });

  it.each([
    ['http://fleet.example.org', /not encrypted/],
    ['http://127.0.0.1.example.org', /not encrypted/],
    ['ftp://fleet', /no address/],
    ['fleet.example.org', /no address/],
  ])('does not take the address %s', async (url, why) => {
    const folder = temporaryFolder();
    await expect(claimAt(url, folder)).rejects.toThrow(why);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not take a token that was cut short', async () => {
    const folder = temporaryFolder();
    await expect(claimAt('https://fleet.example.org', folder, 'tt1.abc')).rejects.toMatchObject({
      code: 'token',
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

const deps = (dataFolder: string) => ({
  dataFolder,
  log: { info: () => {}, warn: () => {}, error: () => {} },
  monotonic: () => performance.now(),
  random: () => 0,
  pause: (_: number, signal: AbortSignal) => pause(20, signal),
});

describe('a running agent without certificate', () => {
  it('enrols once a claim is queued and the fleet can be reached', async () => {
    const folder = temporaryFolder();
    let reachable = false;
    const grant = granting();
    const url = await startHttp((request) => (reachable ? grant(request) : { status: 502, body: '' }));
    const awaited = awaitIdentity(deps(folder), never);
    expect(awaited.view().state).toBe('unenrolled');
    await queueClaim({ fleetUrl: url, token: tokenFor(authority.rootFingerprint), name: 'n' }, folder);
    await eventually(() => awaited.view().lastError?.includes('502') === true, 10_000);
    expect(awaited.view().state).toBe('claiming');
    reachable = true;
    expect((await awaited.identity)?.gatewayId).toBe(GATEWAY);
    expect(awaited.view()).toEqual({ state: 'enrolled', lastError: undefined, cause: undefined });
  });

  it('stops waiting when told to', async () => {
    const stopping = new AbortController();
    const awaited = awaitIdentity(deps(temporaryFolder()), stopping.signal);
    stopping.abort();
    expect(await awaited.identity).toBeUndefined();
  });
});

describe('the files', () => {
  it('give the same key to every caller', () => {
    const folder = temporaryFolder();
    const first = loadOrMakeKey(folder);
    expect(loadOrMakeKey(folder).equals(first)).toBe(true);
  });

  it.each([
    ['key.pem', 'no key'],
    ['identity.json', '{"gatewayId":1}'],
    ['identity.json', 'no json'],
  ])('that are damaged (%s) are named, not overwritten', async (file, text) => {
    const folder = temporaryFolder();
    await claimAt(await startHttp(granting()), folder);
    writeFileSync(join(folder, file), text);
    expect(() => loadIdentity(folder)).toThrow(join(folder, file));
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });
});
