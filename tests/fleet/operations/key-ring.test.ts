import { createPublicKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { createKeyRing } from '../../../fleet/operations/key-ring.js';
import type { GatewayCertificate } from '../../../fleet/store/identity-store.js';
import { createThrowawayAuthority } from '../../support/throwaway-authority.js';

const ring = async (most: number) => {
  const authority = await createThrowawayAuthority();
  const { certificate: pem, key } = await authority.issue({ name: 'gateway', use: 'client' });
  const lookedUp: string[] = [];
  const used: string[] = [];
  const keyOf = createKeyRing(
    {
      registry: {
        certificate: (thumbprint): GatewayCertificate | undefined => {
          lookedUp.push(thumbprint);
          return { thumbprint, gatewayId: `of ${thumbprint}`, pem, notBefore: 0, notAfter: 1 };
        },
        noteCertificateUsed: (thumbprint) => {
          used.push(thumbprint);
          return true;
        },
      },
      now: () => 1,
    },
    most,
  );
  return { keyOf, key, lookedUp, used };
};

it('parses the certificate of a gateway once, and gives nobody the key of another', async () => {
  const { keyOf, key, lookedUp, used } = await ring(10);
  expect(keyOf('of a', 'a')?.equals(createPublicKey(key))).toBe(true);
  keyOf('of a', 'a');
  expect(lookedUp).toEqual(['a']);
  expect(used).toEqual(['a']);
  expect(keyOf('of b', 'a')).toBeUndefined();
  expect(used).toEqual(['a']);
});

it('keeps so many keys and no more, those used last', async () => {
  const { keyOf, lookedUp } = await ring(2);
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) keyOf(`of ${name}`, name);
  expect(lookedUp).toEqual(['a', 'b', 'c', 'b']);
});
