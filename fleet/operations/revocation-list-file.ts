import { renameSync, writeFileSync } from 'node:fs';
import type { Authority } from '../registry/authority/authority.js';
import type { IdentityStore } from '../store/identity-store.js';

/** How often certificates that ended are looked for, ms; longer than the second to which lists are dated. */
const LOOK_EVERY_MS = 2_000;

export interface RevocationListFileDeps {
  /** Where the broker reads it. */
  readonly path: string;
  readonly registry: Pick<IdentityStore, 'endedCertificates'>;
  readonly authority: Pick<Authority, 'currentIssuerPem' | 'revocationLists'>;
  /** UTC ms. */
  readonly now: () => number;
  /** Calls back every `ms` until the function that it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly failed: (error: unknown) => void;
}

/** Keeps the file of revoked certificates that an external broker reads; each version is written whole. */
export interface RevocationListFile {
  stop(): Promise<void>;
}

export const startRevocationListFile = (deps: RevocationListFileDeps): RevocationListFile => {
  let written: string | undefined;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const ended = deps.registry.endedCertificates(deps.now());
    const content = [await deps.authority.currentIssuerPem(), ...ended.map(({ pem }) => pem)].join('');
    if (content === written) return;
    const text = await deps.authority.revocationLists(ended);
    writeFileSync(`${deps.path}.new`, text, { mode: 0o644 });
    renameSync(`${deps.path}.new`, deps.path);
    written = content;
  };
  const start = (): void => {
    looking ??= look()
      .catch(deps.failed)
      .finally(() => {
        looking = undefined;
      });
  };
  start();
  const stop = deps.every(LOOK_EVERY_MS, start);
  return {
    stop: async () => {
      stop();
      await looking;
    },
  };
};
