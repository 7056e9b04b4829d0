import type { Person, SecondFactorTable } from '../../store/people-store.js';
import { AccessError } from '../errors.js';
import type { Sealing } from '../sealing.js';
import { encodeBase32 } from './base32.js';
import { newRecoveryCodes, readRecoveryCode } from './recovery-codes.js';
import { enrolmentUri, matchCode, SECRET_BYTES } from './totp.js';

export interface SecondFactorsDeps {
  readonly store: SecondFactorTable;
  readonly sealing: Sealing;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Time-based codes (RFC 6238) and recovery codes; each works once. */
export interface SecondFactors {
  has(personId: string): boolean;
  recoveryCodesLeft(personId: string): number;
  /** Makes a new secret, which counts once a code of it is given to `confirm`; until then an older one does. */
  begin(person: Person): { readonly secret: string; readonly uri: string };
  /**
   * Puts the new secret in force and gives its recovery codes, shown only now. Throws `AccessError`
   * `bad-credentials` on a wrong code, `conflict` where nothing was begun.
   */
  confirm(personId: string, code: string): readonly string[];
  /** Takes a code of the app, or a recovery code. `false` where it is wrong or was used. */
  use(personId: string, code: string): boolean;
  /** New recovery codes in the place of the old ones. */
  renewRecoveryCodes(personId: string): readonly string[];
  remove(personId: string): void;
}

const ISSUER = 'Terroir';

export const createSecondFactors = (deps: SecondFactorsDeps): SecondFactors => {
  const { store, sealing, now, random } = deps;
  const hashOf = (personId: string, code: string): string =>
    sealing.mac(`${personId} ${readRecoveryCode(code) ?? ''}`, 'recovery code');
  const newCodes = (personId: string) => {
    const codes = newRecoveryCodes(random);
    return { codes, hashes: codes.map((code) => hashOf(personId, code)) };
  };
  return {
    has: (personId) => store.secondFactor(personId)?.since != null,
    recoveryCodesLeft: (personId) => store.recoveryCodesLeft(personId),
    begin: ({ id, login }) => {
      const secret = random(SECRET_BYTES);
      store.beginSecondFactor(id, sealing.seal(secret, labelOf(id)));
      return { secret: encodeBase32(secret), uri: enrolmentUri(secret, login, ISSUER) };
    },
    confirm: (personId, code) => {
      const pending = store.secondFactor(personId)?.sealedPending;
      if (pending == null) throw new AccessError('conflict', 'Begin with a new secret, then confirm it.');
      const step = matchCode(sealing.open(pending, labelOf(personId)), plainCode(code), now());
      if (step === undefined) throw wrongCode();
      const { codes, hashes } = newCodes(personId);
      const confirmed = { sealedSecret: pending, step, at: now(), codeHashes: hashes };
      if (!store.confirmSecondFactor(personId, confirmed)) {
        throw new AccessError('conflict', 'Another secret was begun meanwhile: confirm that one.');
      }
      return codes;
    },
    use: (personId, code) => {
      const factor = store.secondFactor(personId);
      if (factor?.sealedSecret == null) return false;
      if (readRecoveryCode(code) !== undefined) {
        return store.useRecoveryCode(personId, hashOf(personId, code));
      }
      const secret = sealing.open(factor.sealedSecret, labelOf(personId));
      const step = matchCode(secret, plainCode(code), now(), factor.lastStep);
      return step !== undefined && store.useStep(personId, step);
    },
    renewRecoveryCodes: (personId) => {
      const { codes, hashes } = newCodes(personId);
      store.replaceRecoveryCodes(personId, hashes);
      return codes;
    },
    remove: (personId) => store.removeSecondFactor(personId),
  };
};

const labelOf = (personId: string): string => `second factor of ${personId}`;

/** Apps show codes in groups. */
const plainCode = (code: string): string => code.replaceAll(/\s/g, '');

export const wrongCode = (): AccessError =>
  new AccessError('bad-credentials', 'This code is wrong, or was used already: wait for the next one.');
