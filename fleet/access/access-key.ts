import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AccessError } from './errors.js';

/** What the fleet's own access key is called in its data folder. */
export const ACCESS_KEY_FILE = 'access.key';
const KEY_BYTES = 32;
/** 32 random bytes have about 30 different ones; fewer than this is somebody's idea of a key. */
const FEWEST_DIFFERENT = 16;

/**
 * The key under which secrets are sealed: read from `file`, or from the data folder, where it is made at the first
 * start. Throws `AccessError` `weak-secret` on a key that is empty, short, guessable, or that others may read.
 */
export const openAccessKey = (
  dataFolder: string,
  random: (bytes: number) => Uint8Array,
  file?: string,
): Uint8Array => {
  if (file !== undefined) return readKey(file);
  const own = join(dataFolder, ACCESS_KEY_FILE);
  if (statSync(own, { throwIfNoEntry: false }) === undefined) makeKey(own, random);
  return readKey(own);
};

/** Whole or not at all; where two start at once, the first one's key holds. */
const makeKey = (path: string, random: (bytes: number) => Uint8Array): void => {
  const temporary = `${path}.${Buffer.from(random(6)).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, `${Buffer.from(random(KEY_BYTES)).toString('base64')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(temporary);
  }
};

const readKey = (path: string): Uint8Array => {
  if ((statSync(path).mode & 0o077) !== 0) {
    throw weak(path, `others may read it; run chmod 600 ${path}`);
  }
  const text = readFileSync(path, 'utf8').trim();
  if (text === '') throw weak(path, 'it is empty');
  const key = Buffer.from(text, 'base64');
  if (key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw weak(path, 'it is no base64');
  }
  if (key.length !== KEY_BYTES) throw weak(path, `it holds ${key.length} bytes`);
  if (new Set(key).size < FEWEST_DIFFERENT || isText(key)) throw weak(path, 'it can be guessed');
  return key;
};

/** Nothing but letters, digits and signs: a phrase, not random bytes. */
const isText = (key: Uint8Array): boolean => key.every((byte) => byte >= 0x20 && byte < 0x7f);

const weak = (path: string, why: string): AccessError =>
  new AccessError(
    'weak-secret',
    `${path} is no access key: ${why}. It must hold ${KEY_BYTES} random bytes in base64 (openssl rand -base64 ${KEY_BYTES}).`,
  );
