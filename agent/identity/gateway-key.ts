import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFile, isCode } from './durable-file.js';
import { IdentityError } from './errors.js';

const readKey = (path: string): KeyObject | undefined => {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined;
    throw new IdentityError('damaged', `cannot read the gateway's key ${path}; check its owner and mode`, {
      cause,
    });
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch (cause) {
    throw new IdentityError('damaged', `${path} holds no private key; remove it and enrol anew`, { cause });
  }
  throw new IdentityError('damaged', `${path} is not a P-256 key; remove it and enrol anew`);
};

/** The key that a gateway enrols with; those that follow it have a name of their own. */
export const FIRST_KEY = 'key.pem';

/** The key in a file of the data folder. Throws `IdentityError` 'damaged', also where there is none. */
export const loadKey = (dataFolder: string, file: string): KeyObject => {
  const path = join(dataFolder, file);
  const key = readKey(path);
  if (key !== undefined) return key;
  throw new IdentityError('damaged', `the gateway's key ${path} is missing`);
};

/**
 * A P-256 key of the gateway, from a file of the data folder (PKCS#8, mode 0600); made there at the first call.
 * It never leaves that file but into this process. Several processes at once get the same key.
 */
export const loadOrMakeKey = (dataFolder: string, file = FIRST_KEY): KeyObject => {
  const path = join(dataFolder, file);
  const existing = readKey(path);
  if (existing !== undefined) return existing;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  createFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const stored = readKey(path);
  if (stored === undefined) throw new IdentityError('damaged', `${path} went away while it was being made`);
  return stored;
};
