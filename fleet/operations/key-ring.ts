import type { KeyObject } from 'node:crypto';
import { publicKeyOf } from '../registry/authority/authority.js';
import type { RegistryStore } from '../store/registry-store.js';

/** Keys of gateways' certificates, parsed once. */
export const createKeyRing = (
  registry: Pick<RegistryStore, 'certificate' | 'noteCertificateUsed'>,
): ((gatewayId: string, thumbprint: string) => KeyObject | undefined) => {
  const keys = new Map<string, KeyObject>();
  return (gatewayId, thumbprint) => {
    const place = `${gatewayId}/${thumbprint}`;
    const known = keys.get(place);
    if (known !== undefined) return known;
    const certificate = registry.certificate(thumbprint);
    if (certificate?.gatewayId !== gatewayId) return undefined;
    // behind an external broker this is where a new certificate first shows
    registry.noteCertificateUsed(thumbprint, Date.now());
    const key = publicKeyOf(certificate.pem);
    keys.set(place, key);
    return key;
  };
};
