import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificateRequest } from '../../agent/identity/certificate-request.js';
import { FIRST_KEY } from '../../agent/identity/gateway-key.js';
import { storeIdentity } from '../../agent/identity/stored-identity.js';
import type { EnrolResponse } from '#wire/enrolment.js';

export interface EnrolDeps {
  readonly fleetUrl: string;
  readonly token: string;
  /** Where the broker is reached: the link's proxy. */
  readonly brokerPort: number;
  /** Asks the fleet's API. */
  readonly ask: (method: string, path: string, body: string) => Promise<unknown>;
}

/**
 * Enrols a gateway without a program of its own, and gives it a data folder: enrolment is not what a fault test attacks,
 * and a process for each gateway takes a second.
 */
export const enrolInto = async (
  folder: string,
  { fleetUrl, token, brokerPort, ask }: EnrolDeps,
): Promise<void> => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const csr = await makeCertificateRequest(privateKey, 'faults');
  const body = JSON.stringify({ token, csr, name: 'faults' });
  const answer = (await ask('POST', '/api/v1/enrol', body)) as EnrolResponse;
  const broker = { ...answer.broker, host: '127.0.0.1', port: brokerPort };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  storeIdentity(folder, { ...answer, broker, key: FIRST_KEY, fleetUrl });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(folder, FIRST_KEY), key, { mode: 0o600 });
};
