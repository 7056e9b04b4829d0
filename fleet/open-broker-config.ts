import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BrokerConfigSource } from './broker/config/broker-config-command.js';
import { BROKER_NAME } from './open-broker.js';
import { openAuthority } from './registry/authority/authority.js';
import { readPassphrase } from './registry/authority/passphrase.js';
import { authorityFolder, withRegistry } from './registry/open-registry.js';

/** The fleet of a data folder, as the configuration of its broker needs it; one that never ran has no gateways. */
export const openBrokerConfigSource = async (
  data: string,
  passphraseFile: string | undefined,
): Promise<BrokerConfigSource> => {
  const passphrase = await readPassphrase(passphraseFile, process.env);
  const authority = await openAuthority(authorityFolder(data), { now: Date.now, passphrase });
  const { gateways, ended } = readGateways(data);
  return {
    issueBroker: (names) => authority.issueServer({ names: [BROKER_NAME, ...names] }),
    issueClient: (name) => authority.issueClient({ name }),
    caPem: authority.rootPem,
    revocationLists: () => authority.revocationLists(ended),
    gateways,
  };
};

/** Gateways that may connect, and the certificates that are good no more. */
const readGateways = (data: string) => {
  if (!existsSync(join(resolve(data), 'registry.db'))) return { gateways: [], ended: [] };
  return withRegistry(data, (registry) => {
    const revoked = new Set(registry.revokedGateways());
    const all = registry.gateways().map(({ id }) => id);
    return {
      gateways: all.filter((id) => !revoked.has(id)),
      ended: registry.endedCertificates(Date.now()),
    };
  });
};
