import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BrokerConfigSource } from './broker/config/broker-config-command.js';
import { BROKER_NAME } from './open-broker.js';
import { openAuthority } from './registry/authority/authority.js';
import { readPassphrase } from './registry/authority/passphrase.js';
import { authorityFolder, withRegistry } from './registry/open-registry.js';
import type { GatewayCertificate } from './store/identity-store.js';

/** The fleet of a data folder, as the configuration of its broker needs it; one that never ran has no gateways. */
export const openBrokerConfigSource = async (
  data: string,
  passphraseFile: string | undefined,
): Promise<BrokerConfigSource> => {
  const passphrase = await readPassphrase(passphraseFile, process.env);
  const authority = await openAuthority(authorityFolder(data), { now: Date.now, passphrase });
  const { gateways, certificates } = readGateways(data);
  return {
    issueBroker: (names) => authority.issueServer({ names: [BROKER_NAME, ...names] }),
    issueClient: (name) => authority.issueClient({ name }),
    caPem: authority.rootPem,
    revocationList: () => authority.revocationList(certificates),
    gateways,
  };
};

/** Gateways that may connect, and the certificates that are good no more. */
const readGateways = (data: string) => {
  if (!existsSync(join(resolve(data), 'registry.db'))) return { gateways: [], certificates: [] };
  return withRegistry(data, (registry) => {
    const revoked = new Map(registry.revokedGateways().map((id) => [id, registry.revocation(id)?.at]));
    const all = registry.gateways().map(({ id }) => id);
    const over = ({ gatewayId, pem, revokedAt, supersededAt }: GatewayCertificate) => {
      const at = revokedAt ?? revoked.get(gatewayId) ?? supersededAt;
      return at === undefined ? [] : [{ pem, revokedAt: at }];
    };
    return {
      gateways: all.filter((id) => !revoked.has(id)),
      certificates: all.flatMap((id) => registry.certificatesOf(id)).flatMap(over),
    };
  });
};
