import { createHash, createPrivateKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Signer } from '#wire/batch.js';
import { encodeDirectory } from '#wire/directory-codec.js';
import type { SeqRange } from '#wire/messages.js';
import type { ClientCredentials } from '../broker/external/broker-session.js';
import { directoryOf } from './directory-of.js';
import { SimulationError, type Shape } from './settings.js';
import { openSpool, type Spool } from './spool.js';

const Identity = Type.Object({
  gatewayId: Type.String(),
  epoch: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  privateKey: Type.String(),
  certificate: Type.String(),
  issuer: Type.String(),
  root: Type.String(),
  broker: Type.Object({ host: Type.String(), port: Type.Integer(), serverName: Type.String() }),
});
/** Who a simulated gateway is; PEM. */
export type Identity = Static<typeof Identity>;

/** All that a simulated gateway is, from its folder. */
export interface GatewayFolder {
  readonly number: number;
  readonly identity: Identity;
  readonly credentials: ClientCredentials;
  readonly signer: Signer;
  readonly directory: { readonly bytes: Uint8Array; readonly hash: Uint8Array };
  readonly spool: Spool;
  readonly acked: readonly SeqRange[];
  saveAcked(ranges: readonly SeqRange[]): void;
}

const NAME = /^gateway-(\d{5})$/;

export const gatewayFolder = (folder: string, number: number): string =>
  join(folder, `gateway-${String(number).padStart(5, '0')}`);

/** Numbers of the gateways that are enrolled, ascending. */
export const enrolledGateways = (folder: string): readonly number[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .flatMap((name) => NAME.exec(name)?.[1] ?? [])
        .map(Number)
        .filter((number) => existsSync(join(gatewayFolder(folder, number), 'identity.json')))
        .toSorted((a, b) => a - b)
    : [];

const replace = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};

/** Writes down who a gateway is; its epoch begins. */
export const storeIdentity = (folder: string, number: number, enrolled: Omit<Identity, 'epoch'>): void => {
  const path = gatewayFolder(folder, number);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const identity: Identity = { ...enrolled, epoch: randomBytes(8).toString('hex') };
  replace(join(path, 'identity.json'), `${JSON.stringify(identity, null, 2)}\n`);
};

const loadIdentity = (path: string): Identity => {
  const document: unknown = JSON.parse(readFileSync(join(path, 'identity.json'), 'utf8'));
  if (Value.Check(Identity, document)) return document;
  throw new SimulationError('folder', `${path}/identity.json is no identity: remove that folder.`);
};

const loadAcked = (path: string): readonly SeqRange[] => {
  const file = join(path, 'acked.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly SeqRange[]) : [];
};

/** Opens an enrolled gateway. Throws `SimulationError` 'folder'. */
export const openGateway = (folder: string, number: number, shape: Shape): GatewayFolder => {
  const path = gatewayFolder(folder, number);
  const identity = loadIdentity(path);
  const { gatewayId, privateKey, certificate, issuer, root } = identity;
  const key = createPrivateKey(privateKey);
  // made of the epoch, the seed is the same in each run, and so is the directory's name
  const seed = createHash('sha256').update(identity.epoch).digest().subarray(0, 16);
  return {
    number,
    identity,
    credentials: { keyPem: privateKey, certificatePem: `${certificate}${issuer}`, ca: [root] },
    signer: {
      source: gatewayId,
      certificate: createHash('sha256').update(new X509Certificate(certificate).raw).digest(),
      sign: (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
    },
    directory: encodeDirectory(directoryOf(shape, number), seed),
    spool: openSpool(path),
    acked: loadAcked(path),
    saveAcked: (ranges) => replace(join(path, 'acked.json'), `${JSON.stringify(ranges)}\n`),
  };
};
