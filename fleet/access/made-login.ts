import { checkedLogin } from './accounts.js';
import { encodeBase32 } from './second-factor/base32.js';

/** Letters and digits that nobody chose: 20 bits. */
const RANDOM_LENGTH = 4;
const RANDOM_BYTES = 3;
const CHOSEN_LENGTH = 95;

export interface MadeLoginDeps {
  readonly random: (bytes: number) => Uint8Array;
  readonly isTaken: (login: string) => boolean;
}

/**
 * The login of somebody who joins: what they, or their provider, chose, and four characters that nobody did. It always
 * looks so: who else is called that, anywhere on the fleet, is not to be learnt from it. Throws `AccessError`
 * `bad-request` on what cannot be a login.
 */
export const makeLogin = ({ random, isTaken }: MadeLoginDeps, chosen: string): string => {
  const stem = Array.from(checkedLogin(chosen)).slice(0, CHOSEN_LENGTH).join('');
  for (;;) {
    const ending = encodeBase32(random(RANDOM_BYTES)).toLowerCase().slice(0, RANDOM_LENGTH);
    const login = `${stem}-${ending}`;
    if (!isTaken(login)) return login;
  }
};
