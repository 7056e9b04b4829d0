import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { thumbprintOf } from '../../fleet/registry/authority/certificates.js';
import { newId } from '../../fleet/registry/new-id.js';
import { issueToken } from '../../fleet/registry/tokens.js';
import { startService, type Service } from '../../fleet/service.js';

/** A whole fleet on free ports of this machine, in a folder of its own, while `work` lasts. */
export const withFleet = async <Result>(
  folder: string,
  work: (service: Service, newToken: () => string) => Promise<Result>,
): Promise<Result> => {
  const dataFolder = join(folder, 'fleet');
  const local = { host: '127.0.0.1', port: 0 };
  const service = await startService({
    dataFolder,
    http: { ...local, tls: { type: 'none' } },
    mqtt: { ...local, publicHost: null },
    names: ['localhost'],
    version: 'attack',
    log: pino({ level: 'silent' }),
  });
  const { registry } = service;
  const root = new X509Certificate(readFileSync(join(dataFolder, 'authority/root.pem')));
  const deps = { store: registry, rootFingerprint: thumbprintOf(root), now: Date.now, newId };
  const newToken = (): string => {
    const organisationId = registry.organisations()[0]?.id ?? '';
    const order = { organisationId, createdBy: 'attack' };
    return issueToken({ ...deps, random: (bytes) => randomBytes(bytes) }, order).token;
  };
  try {
    return await work(service, newToken);
  } finally {
    await service.close();
  }
};
