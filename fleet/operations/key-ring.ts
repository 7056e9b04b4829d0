import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RegistryStore } from '../store/registry-store.js';
import { publicKeyOf } from '../registry/authority/authority.js';

export interface KeyRingDeps {
  readonly registry: Pick<RegistryStore, 'certificate' | 'noteCertificateUsed'>;
  /** UTC ms. */
  readonly now: () => number;
}

/** Keys that are kept, about 2 kB each; others are parsed again. */
const MOST_KEYS = 10_000;

/** Keys of gateways' certificates: gives that of a gateway's certificate, `undefined` where it is another's or unknown. */
export const createKeyRing = (
  { registry, now }: KeyRingDeps,
  most = MOST_KEYS,
): ((gatewayId: string, thumbprint: string) => KeyObject | undefined) => {
  const keys = new LRUCache<string, KeyObject>({ max: most });
  return (gatewayId, thumbprint) => {
    const place = `${gatewayId}/${thumbprint}`;
    const known = keys.get(place);
    if (known !== undefined) return known;
    const certificate = registry.certificate(thumbprint);
    if (certificate?.gatewayId !== gatewayId) return undefined;
    // behind an external broker this is where a new certificate first shows
    registry.noteCertificateUsed(thumbprint, now());
    const key = publicKeyOf(certificate.pem);
    keys.set(place, key);
    return key;
  };
};
