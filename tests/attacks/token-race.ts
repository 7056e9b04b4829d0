import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificateRequest } from '../../agent/identity/certificate-request.js';
import { loadOrMakeKey } from '../../agent/identity/gateway-key.js';
import type { Service } from '../../fleet/service.js';
import type { Attack, AttackSettings } from './attack.js';
import { withFleet } from './attacked-fleet.js';

const CLAIMS = 20;

interface Claimed {
  readonly status: number;
  readonly certificate: string | undefined;
}

const makeRequests = async (folder: string): Promise<readonly string[]> => {
  mkdirSync(folder, { recursive: true });
  const key = (index: number) => loadOrMakeKey(folder, `key-${index}.pem`);
  const requests: string[] = [];
  for (let index = 0; index < CLAIMS; index += 1) {
    requests.push(await makeCertificateRequest(key(index), 'racer'));
  }
  return requests;
};

const claimAt =
  (port: number) =>
  async (token: string, csr: string): Promise<Claimed> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, csr, name: 'racer' }),
    });
    const { certificate } = (await response.json()) as { certificate?: string };
    return { status: response.status, certificate };
  };

/** What is wrong with the answers to claims of one token, by as many gateways or by one that is impatient. */
const judge = (answers: readonly Claimed[], impatient: boolean): string | undefined => {
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
  const certificates = new Set(answers.flatMap(({ certificate }) => certificate ?? []));
  const others = count(impatient ? 200 : 403);
  if (count(201) === 1 && others === CLAIMS - 1 && certificates.size === 1) return undefined;
  const seen = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  return `${certificates.size} certificates, answers ${seen.join(' ')}`;
};

const race = async (
  { registry, httpPort }: Service,
  newToken: () => string,
  { folder, count, progress }: AttackSettings,
): Promise<string[]> => {
  const requests = await makeRequests(join(folder, 'keys'));
  const claim = claimAt(httpPort);
  const faults: string[] = [];
  for (let round = 0; round < count; round += 1) {
    const token = newToken();
    const impatient = round % 2 === 1;
    const answers = await Promise.all(
      requests.map((request) => claim(token, impatient ? (requests[0] ?? '') : request)),
    );
    const fault = judge(answers, impatient);
    if (fault !== undefined) faults.push(`token ${round}: ${fault}`);
    if (round % 50 === 49) progress(round + 1, `${faults.length} faults`);
  }
  const gateways = registry.gateways();
  if (gateways.length !== count) faults.push(`${count} tokens made ${gateways.length} gateways`);
  const held = gateways.filter(({ id }) => registry.certificatesOf(id).length !== 1);
  if (held.length > 0) faults.push(`${held.length} gateways do not hold one certificate each`);
  return faults;
};

/** Twenty claims of one token at once, over HTTP: by twenty gateways, or by one that does not wait for its answer. */
export const tokenRace: Attack = {
  tries: `${CLAIMS} claims of one token at once, by as many gateways or by one that asks again and again`,
  count: 1_000,
  run: (settings) =>
    withFleet(settings.folder, async (service, newToken) => {
      const faults = await race(service, newToken, settings);
      return { faults, figures: { claims: settings.count * CLAIMS } };
    }),
};
