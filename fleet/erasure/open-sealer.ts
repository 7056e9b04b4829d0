import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { RECEIPT_SIGNER, receiptSignerOf } from '../proof/receipt.js';
import { openAuthority, type Authority } from '../registry/authority/authority.js';
import { readPassphrase } from '../registry/authority/passphrase.js';
import { sealErasure, type ErasureReceipt } from './receipt.js';

/** Signs what an erasure took, as a file that `terroir-fleet verify` checks. */
export type SealErasure = (said: Omit<ErasureReceipt, 'certificate' | 'issuedAt'>) => Uint8Array;

export const createSealer = async (
  authority: Pick<Authority, 'issueDocumentSigner' | 'issuerOf'>,
  /** UTC ms. */
  now: () => number,
): Promise<SealErasure> => {
  const issued = await authority.issueDocumentSigner({ name: RECEIPT_SIGNER });
  const issuer = new X509Certificate(authority.issuerOf(issued.certificatePem)).raw;
  return (said) =>
    sealErasure({ ...said, issuedAt: now() }, receiptSignerOf(issued), [new Uint8Array(issuer)]);
};

/** For a command: opened before anything is erased, so that no erasure lacks its receipt. */
export const openSealer = async (
  folder: string,
  caPassphraseFile: string | undefined,
): Promise<SealErasure> => {
  const passphrase = await readPassphrase(caPassphraseFile, process.env);
  return createSealer(
    await openAuthority(join(folder, 'authority'), { now: Date.now, passphrase }),
    Date.now,
  );
};
