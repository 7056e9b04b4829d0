import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { BatchDraft, Signer } from '../../agent/wire/batch.js';
import type { BatchContent } from '../../agent/wire/body.js';

/** A key for tests only, the same for ever: the golden batches are signed with it. */
const KEY = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
  },
});

export const publicKey = createPublicKey(KEY);

export const signer: Signer = {
  source: 'gateway0000000001',
  certificate: new Uint8Array(createHash('sha256').update('certificate').digest()),
  sign: (bytes) => sign('sha256', bytes, { key: KEY, dsaEncoding: 'ieee-p1363' }),
};

export const draftOf = (content: BatchContent): BatchDraft => ({
  epoch: '0123456789abcdef',
  seq: 7,
  lane: 'live',
  directory: new Uint8Array(createHash('sha256').update('directory').digest()),
  heldBack: 3,
  seed: Uint8Array.from({ length: 16 }, (_, index) => index),
  ...content,
});
