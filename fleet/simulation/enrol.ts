import 'reflect-metadata';
import { createHash, createPublicKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { parseClaimToken, type EnrolRequest, type EnrolResponse } from '#wire/enrolment.js';
import { storeIdentity } from './gateway-folder.js';
import { SimulationError } from './settings.js';

const REQUEST_MS = 30_000;
const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface EnrolTask {
  readonly folder: string;
  readonly number: number;
  /** Address of the fleet. */
  readonly url: string;
  readonly token: string;
  /** Where its broker is reached, if elsewhere than the fleet says. */
  readonly mqtt?: { readonly host: string; readonly port: number } | undefined;
}

/**
 * Enrols one gateway as a gateway does: a key of its own, a request, the claim token; the root that comes back must be
 * the one that the token names. Rejects with `SimulationError` 'enrolment'.
 */
export const enrolGateway = async ({ folder, number, url, token, mqtt }: EnrolTask): Promise<void> => {
  const claim = parseClaimToken(token);
  if (claim === undefined) {
    throw new SimulationError(
      'enrolment',
      'A claim token reads tt1.<43 letters>.<64 hexadecimal digits>, one a line.',
    );
  }
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const name = `Simulated ${number}`;
  const csr = await Pkcs10CertificateRequestGenerator.create(
    { name: `CN=${name}`, keys, signingAlgorithm: KEY },
    webcrypto,
  );
  const answer = await claimOnce(url, { token, csr: csr.toString('pem'), name });
  const { gatewayId, certificate, issuer, root, broker } = answer;
  const key = KeyObject.from(keys.privateKey);
  requireOurs(answer, claim.rootFingerprint, key);
  storeIdentity(folder, number, {
    gatewayId,
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: endLine(certificate),
    issuer: endLine(issuer),
    root,
    broker: {
      host: mqtt?.host ?? broker.host ?? new URL(url).hostname,
      port: mqtt?.port ?? broker.port,
      serverName: broker.serverName,
    },
  });
};

const endLine = (pem: string): string => `${pem.trimEnd()}\n`;

const claimOnce = async (url: string, body: EnrolRequest): Promise<EnrolResponse> => {
  const response = await fetch(`${url}/api/v1/enrol`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const answer: unknown = await response.json();
  if (response.status === 200 || response.status === 201) return answer as EnrolResponse;
  throw new SimulationError(
    'enrolment',
    response.status === 202
      ? 'The token asks for an approval: simulated gateways take tokens without.'
      : `The fleet refused a claim: ${JSON.stringify(answer)}`,
  );
};

const requireOurs = (answer: EnrolResponse, rootFingerprint: string, key: KeyObject): void => {
  const root = new X509Certificate(answer.root);
  if (createHash('sha256').update(root.raw).digest('hex') !== rootFingerprint) {
    throw new SimulationError('enrolment', 'The fleet that answered is not the one that the token names.');
  }
  if (
    !createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).equals(
      new X509Certificate(answer.certificate).publicKey,
    )
  ) {
    throw new SimulationError('enrolment', 'The certificate that came is for another key.');
  }
};
