import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBase32 } from '../../../../fleet/access/second-factor/base32.js';
import {
  newRecoveryCodes,
  readRecoveryCode,
  RECOVERY_CODES,
} from '../../../../fleet/access/second-factor/recovery-codes.js';
import {
  codeOf,
  enrolmentUri,
  matchCode,
  stepAt,
  STEP_MS,
} from '../../../../fleet/access/second-factor/totp.js';
import { randomBytes } from 'node:crypto';

const SECRET = Buffer.from('12345678901234567890');

describe('a time-based code', () => {
  test('is that of RFC 6238, appendix B, for SHA-1', () => {
    const vectors: [seconds: number, code: string][] = [
      [59, '94287082'],
      [1_111_111_109, '07081804'],
      [1_111_111_111, '14050471'],
      [1_234_567_890, '89005924'],
      [2_000_000_000, '69279037'],
      [20_000_000_000, '65353130'],
    ];
    for (const [seconds, code] of vectors) {
      expect(codeOf(SECRET, stepAt(seconds * 1000), 8)).toBe(code);
      expect(codeOf(SECRET, stepAt(seconds * 1000))).toBe(code.slice(2));
    }
  });

  test('is taken one step early or late, and no further, whatever the secret and time', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 10 * STEP_MS, max: 4e12 }),
        fc.integer({ min: -4, max: 4 }),
        (secret, time, away) => {
          const step = stepAt(time) + away;
          const near = [-1, 0, 1].map((shift) => stepAt(time) + shift);
          const code = codeOf(secret, step);
          // two steps may have the same code by chance
          const wanted = near.some((other) => codeOf(secret, other) === code);
          expect(matchCode(secret, code, time) !== undefined).toBe(wanted);
          if (Math.abs(away) <= 1) expect(wanted).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is not taken again, nor an older one after it', () => {
    const time = 1_111_111_111_000;
    const step = stepAt(time);
    expect(matchCode(SECRET, codeOf(SECRET, step), time)).toBe(step);
    expect(matchCode(SECRET, codeOf(SECRET, step), time, step)).toBeUndefined();
    expect(matchCode(SECRET, codeOf(SECRET, step - 1), time, step)).toBeUndefined();
    expect(matchCode(SECRET, codeOf(SECRET, step + 1), time, step)).toBe(step + 1);
  });

  test('is nothing but its digits', () => {
    const time = 1_111_111_111_000;
    const code = codeOf(SECRET, stepAt(time));
    for (const wrong of ['', ' ', code.slice(1), `${code}0`, `0${code}`, `${code}\n`, 'abcdef', '٠٥٠٤٧١']) {
      expect([wrong, matchCode(SECRET, wrong, time)]).toEqual([wrong, undefined]);
    }
  });

  test('is set up from an address that names fleet, login and secret', () => {
    expect(enrolmentUri(SECRET, 'zoé@mairie.fr', 'Terroir')).toBe(
      'otpauth://totp/Terroir:zo%C3%A9%40mairie.fr?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Terroir&algorithm=SHA1&digits=6&period=30',
    );
  });
});

describe('base32', () => {
  test('is that of RFC 4648, section 10', () => {
    const vectors = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB' };
    for (const [plain, encoded] of Object.entries(vectors)) {
      expect(encodeBase32(Buffer.from(plain))).toBe(encoded);
    }
    expect(encodeBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
  });
});

describe('recovery codes', () => {
  test('differ, and are read however they were typed', () => {
    const codes = newRecoveryCodes(randomBytes);
    expect(new Set(codes).size).toBe(RECOVERY_CODES);
    for (const code of codes) {
      expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
      const plain = code.replaceAll('-', '');
      for (const typed of [code, plain, code.toUpperCase(), ` ${code.replaceAll('-', ' ')} `]) {
        expect(readRecoveryCode(typed)).toBe(plain);
      }
    }
    for (const other of [
      '',
      '123456',
      'abcd-efgh-ijkl-mno',
      'abcd-efgh-ijkl-mno0',
      'abcd-efgh-ijkl-mnop-q',
    ]) {
      expect(readRecoveryCode(other)).toBeUndefined();
    }
  });
});
