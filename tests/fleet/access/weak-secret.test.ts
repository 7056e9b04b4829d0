import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ACCESS_KEY_FILE, openAccessKey } from '../../../fleet/access/access-key.js';
import { createSealing } from '../../../fleet/access/sealing.js';
import { checkProviderSecrets, sealSecret } from '../../../fleet/access/sign-on/provider-secret.js';
import { requireStrongSecret } from '../../../fleet/access/weak-secret.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return Object(error).code;
  }
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the access key', () => {
  test('is made once, for its owner alone, and differs between fleets', () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()];
    const key = openAccessKey(one, randomBytes);
    expect(key).toHaveLength(32);
    expect(openAccessKey(one, randomBytes)).toEqual(key);
    expect(openAccessKey(other, randomBytes)).not.toEqual(key);
    expect(statSync(join(one, ACCESS_KEY_FILE)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(one, ACCESS_KEY_FILE), 'utf8').trim()).toBe(Buffer.from(key).toString('base64'));
  });

  test('is refused where it is empty, short, guessable, or open to others', () => {
    const file = join(temporaryFolder(), 'key');
    const good = randomBytes(32).toString('base64');
    const wrong = [
      '',
      ' \n',
      'changeme',
      good.slice(0, 20),
      `${good.slice(0, -1)}!`,
      randomBytes(16).toString('base64'),
      randomBytes(64).toString('base64'),
      Buffer.alloc(32).toString('base64'),
      Buffer.alloc(32, 'ab').toString('base64'),
      base64('changeme-changeme-changeme-chang'),
      base64('correct horse battery staple ok!'),
    ];
    for (const text of wrong) {
      writeFileSync(file, text, { mode: 0o600 });
      expect([text, codeOf(() => openAccessKey('', randomBytes, file))]).toEqual([text, 'weak-secret']);
    }
    writeFileSync(file, good, { mode: 0o600 });
    expect(openAccessKey('', randomBytes, file)).toHaveLength(32);
    chmodSync(file, 0o640);
    expect(() => openAccessKey('', randomBytes, file)).toThrow(/others may read it/);
  });
});

describe('a client secret', () => {
  test('is refused where it is empty, short, or a default', () => {
    const wrong = [
      '',
      '   ',
      'short',
      'a'.repeat(40),
      'changemechangeme',
      'my-client-secret',
      'Password-Password-1',
    ];
    wrong.push(
      'your-client-secret-here',
      'terroir-terroir-terroir',
      'secretsecretsecret',
      '1234567890123456',
    );
    for (const secret of wrong) {
      expect([secret, codeOf(() => requireStrongSecret(secret, 'It'))]).toEqual([secret, 'weak-secret']);
    }
    for (const secret of [randomBytes(16).toString('hex'), randomBytes(24).toString('base64url')]) {
      expect(codeOf(() => requireStrongSecret(secret, 'It'))).toBeUndefined();
    }
  });

  test('keeps the service from starting where it is missing, a default, or sealed under another key', () => {
    const file = join(temporaryFolder(), 'secret');
    const settings = {
      id: 'agglo',
      name: 'A',
      organisation: 'o',
      issuer: 'https://auth.example',
      clientId: 'c',
      fleetUrl: 'https://terroir.example',
    };
    const sealing = createSealing(randomBytes(32), randomBytes);
    const row = { id: 'agglo', organisationId: 'o', name: 'A', listed: false };
    const check = (sealedSecret: Uint8Array | null, more: object = {}) =>
      codeOf(() => {
        const provider = { ...row, sealedSecret, settings: JSON.stringify({ ...settings, ...more }) };
        checkProviderSecrets([provider], sealing);
      });
    const good = randomBytes(24).toString('base64url');
    expect(check(sealSecret(good, 'agglo', sealing))).toBeUndefined();
    expect(check(null)).toBe('weak-secret');
    const other = createSealing(randomBytes(32), randomBytes);
    expect(check(sealSecret(good, 'agglo', other))).toBe('sealed');
    expect(check(sealSecret(good, 'another', sealing))).toBe('sealed');
    expect(check(null, { clientSecretFile: file })).toBe('weak-secret');
    writeFileSync(file, 'changeme-changeme');
    expect(check(null, { clientSecretFile: file })).toBe('weak-secret');
    writeFileSync(file, `${good}\n`);
    expect(check(null, { clientSecretFile: file })).toBeUndefined();
  });
});
