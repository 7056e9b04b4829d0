import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { sealBatch, type Signer } from '../../../agent/wire/batch.js';
import type { BatchContent } from '../../../agent/wire/body.js';
import { encodeDirectory } from '../../../agent/wire/directory-codec.js';
import type { Directory } from '../../../agent/wire/directory.js';
import { RECEIPT_SIGNER, receiptSignerOf } from '../../../fleet/proof/receipt.js';
import { createProver, type Prover } from '../../../fleet/proof/prover.js';
import { openAuthority, type Authority } from '../../../fleet/registry/authority/authority.js';
import {
  addGateway,
  EPOCH,
  NOW,
  openFleetOfViews,
  T0,
  type FleetOfViews,
} from '../projections/fleet-of-views.js';
import { makeRequest } from '../registry/certificate-requests.js';

export const SIGNING_GATEWAY = 'gateway000000000007';
const DAY_MS = 86_400_000;

/** A fleet with an authority, and a gateway whose batches are truly signed. */
export interface ProofScene {
  readonly fleet: FleetOfViews;
  readonly authority: Authority;
  readonly root: X509Certificate;
  readonly prover: Prover;
  readonly signer: Signer;
  /** Sends a sealed batch, and the directory before the first; gives its bytes. */
  send(directory: Directory, content: BatchContent, more?: { readonly epoch?: string }): Promise<Uint8Array>;
  pointId(key: string): Promise<string>;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** Seeds that differ, and are the same in each run. */
const seedOf = (number: number): Uint8Array => sha256(Uint8Array.of(number)).subarray(0, 16);

export const openProofScene = async (): Promise<ProofScene> => {
  const fleet = openFleetOfViews();
  const authority = await openAuthority(join(fleet.folder, 'authority'), { now: () => T0 - DAY_MS });
  const { csrPem, keyPem } = await makeRequest();
  const issued = await authority.issueGateway({ csrPem, gatewayId: SIGNING_GATEWAY });
  addGateway(fleet.registry, SIGNING_GATEWAY, 'org', issued);
  const key = createPrivateKey(keyPem);
  const signer: Signer = {
    source: SIGNING_GATEWAY,
    certificate: Buffer.from(issued.thumbprint, 'hex'),
    sign: (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  };
  const prover = createProver({
    views: fleet.reader,
    log: fleet.entries,
    registry: fleet.registry,
    issuerOf: (pem) => authority.issuerOf(pem),
    signer: receiptSignerOf(await authority.issueDocumentSigner({ name: RECEIPT_SIGNER })),
    now: () => NOW,
  });
  const sentDirectories = new Set<string>();
  let seq = 0;
  return {
    fleet,
    authority,
    root: new X509Certificate(authority.rootPem),
    prover,
    signer,
    pointId: (name) => fleet.pointId(name),
    send: async (directory, content, more) => {
      const { bytes, hash } = encodeDirectory(directory, seedOf(200));
      const name = Buffer.from(hash).toString('hex');
      const source = SIGNING_GATEWAY;
      if (!sentDirectories.has(name)) {
        await fleet.log.append([{ type: 'directory', source, hash, receivedAt: T0, message: bytes }]);
        sentDirectories.add(name);
      }
      seq += 1;
      const { epoch = EPOCH } = more ?? {};
      const place = { epoch, seq, lane: 'live', directory: hash, heldBack: 0 } as const;
      const { message } = sealBatch({ ...place, seed: seedOf(seq), ...content }, signer);
      const receivedAt = T0 + 3_600_000 + seq;
      const at = { source, epoch, seq, hash: sha256(message), receivedAt };
      await fleet.log.append([{ type: 'batch', ...at, message }]);
      await fleet.project();
      return message;
    },
  };
};
