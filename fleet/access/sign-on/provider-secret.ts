import { readFileSync } from 'node:fs';
import type { IdentityProvider } from '../../store/people-store.js';
import { AccessError } from '../errors.js';
import type { Sealing } from '../sealing.js';
import { requireStrongSecret } from '../weak-secret.js';
import { parseProviderSettings, type ProviderSettings } from './provider-settings.js';

const labelOf = (providerId: string): string => `client secret of ${providerId}`;

/** Throws `AccessError` `weak-secret`. */
export const sealSecret = (secret: string, providerId: string, sealing: Sealing): Uint8Array => {
  requireStrongSecret(secret, `The client secret of ${providerId}`);
  return sealing.seal(Buffer.from(secret), labelOf(providerId));
};

/** The client secret, from where it is kept. Throws `AccessError` `weak-secret`, `sealed`. */
export const secretOf = (
  row: Pick<IdentityProvider, 'id' | 'sealedSecret'>,
  { clientSecretFile }: Pick<ProviderSettings, 'clientSecretFile'>,
  sealing: Sealing,
): string => {
  const secret =
    clientSecretFile === undefined
      ? Buffer.from(
          row.sealedSecret === null ? [] : sealing.open(row.sealedSecret, labelOf(row.id)),
        ).toString()
      : readSecretFile(clientSecretFile);
  requireStrongSecret(secret, `The client secret of ${row.id}`);
  return secret;
};

export const readSecretFile = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new AccessError(
      'weak-secret',
      `The client secret in ${path} cannot be read: check its owner and mode.`,
    );
  }
};

/** At the start of the service: throws on the first provider whose secret is missing, weak, or not to be opened. */
export const checkProviderSecrets = (providers: readonly IdentityProvider[], sealing: Sealing): void => {
  for (const row of providers) {
    secretOf(row, parseProviderSettings(JSON.parse(row.settings)), sealing);
  }
};
