import { hash, verify } from '@node-rs/argon2';

/** argon2id with the library's defaults (OWASP: 19 MiB, 2 passes); a PHC string. The text counts in its NFKC form. */
export const hashPassword = (password: string): Promise<string> => hash(password.normalize('NFKC'));

export const verifyPassword = (passwordHash: string, password: string): Promise<boolean> =>
  verify(passwordHash, password.normalize('NFKC'));

/** A password for somebody who will change it: 120 random bits. */
export const randomPassword = (random: (bytes: number) => Uint8Array): string =>
  Buffer.from(random(15)).toString('base64url');

/** How logins are kept and looked for. */
export const normaliseLogin = (login: string): string => login.normalize('NFKC').trim().toLowerCase();
