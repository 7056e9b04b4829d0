import { X509Certificate, type KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { EnrolResponse } from '#wire/enrolment.js';
import { isSourceId } from '#wire/topics.js';
import { chainFault, fingerprintOf } from './certificate-chain.js';
import { IdentityError } from './errors.js';
import type { FleetAnswer } from './fleet-request.js';

/** Statuses by which a fleet says that asking again later may help. */
const TRY_LATER = new Set([408, 425, 429]);
const WAITING = 202;

const Answer = Type.Object({
  gatewayId: Type.String(),
  certificate: Type.String(),
  issuer: Type.String(),
  root: Type.String(),
  broker: Type.Object({
    host: Type.Union([Type.String({ minLength: 1 }), Type.Null()]),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    serverName: Type.String({ minLength: 1 }),
  }),
});
const Waiting = Type.Object({ gatewayId: Type.String(), waiting: Type.Literal(true) });
const Problem = Type.Object({
  title: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A refusal is final only where the fleet itself speaks, not a proxy or a captive portal on the way. */
const refusal = ({ status, contentType, body }: FleetAnswer): IdentityError => {
  const document = parseJson(body);
  const problem = Value.Check(Problem, document) ? document : {};
  const text = problem.detail ?? problem.title ?? 'no reason given';
  const final =
    status >= 400 &&
    status < 500 &&
    !TRY_LATER.has(status) &&
    contentType.includes('application/problem+json');
  return final
    ? new IdentityError('refused', `the fleet refused (${status}): ${text}`)
    : new IdentityError('answer', `the fleet's address answered ${status}: ${text}`, { retryable: true });
};

/** A page or a redirect where a fleet would speak JSON. */
const portalOf = ({ status, contentType, location }: FleetAnswer): IdentityError | undefined => {
  const redirects = status >= 300 && status < 400;
  if (!redirects && status !== 511 && !contentType.includes('text/html')) return undefined;
  const what = redirects ? `redirects to ${location ?? 'another address'}` : `shows a page (${status})`;
  return new IdentityError(
    'portal',
    `something else answers in the fleet's place, and ${what}: sign in to this network, or is the address wrong?`,
    { retryable: true },
  );
};

/** What a fleet answered to a claim or a renewal. Throws `IdentityError` 'refused', 'waiting', 'portal' or 'answer'. */
export const parseAnswer = (answer: FleetAnswer): EnrolResponse => {
  const { status } = answer;
  const portal = portalOf(answer);
  if (portal !== undefined) throw portal;
  if (status !== 200 && status !== 201 && status !== WAITING) throw refusal(answer);
  const document = parseJson(answer.body);
  if (status === WAITING && Value.Check(Waiting, document)) {
    const text = `the fleet has the claim, as ${document.gatewayId}; it waits until an operator approves it`;
    throw new IdentityError('waiting', text, { retryable: true });
  }
  if (Value.Check(Answer, document) && isSourceId(document.gatewayId)) return document;
  throw new IdentityError('answer', 'the answer is not that of a fleet; is the address right?', {
    retryable: true,
  });
};

const parseCertificate = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    const text = 'the fleet answered something that is no certificate; nothing was stored';
    throw new IdentityError('answer', text, { cause, retryable: true });
  }
};

const untrusted = (why: string): IdentityError =>
  new IdentityError('untrusted', `the fleet's answer is not to be trusted: ${why}; nothing was stored`, {
    retryable: true,
  });

/** Nothing is stored unless root, chain, name and key are what they must be. */
export const verifyAnswer = (answer: EnrolResponse, rootFingerprint: string, key: KeyObject): void => {
  const leaf = parseCertificate(answer.certificate);
  const root = parseCertificate(answer.root);
  const chain = [leaf, parseCertificate(answer.issuer), root];
  if (fingerprintOf(root) !== rootFingerprint) throw untrusted('its root is not the pinned one');
  const fault = chainFault(chain, { isRoot: (certificate) => certificate === root });
  if (fault !== undefined) throw untrusted(fault);
  if (!leaf.checkPrivateKey(key)) throw untrusted('the certificate is for another key');
  if (!leaf.subject.split('\n').includes(`CN=${answer.gatewayId}`)) {
    throw untrusted('the certificate names another gateway');
  }
};
