import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { parseClaimToken } from '#wire/enrolment.js';
import { isCode, removeFile, replaceFile } from './durable-file.js';
import { IdentityError } from './errors.js';
import { parseFleetUrl } from './fleet-request.js';

/** A claim that waits for its answer. The request is kept: asked again, the same one gets the same certificate. */
const Claim = Type.Object({
  fleetUrl: Type.String(),
  token: Type.String(),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  csr: Type.String(),
  serial: Type.Optional(Type.String()),
});
export type Claim = Static<typeof Claim>;

const pathOf = (dataFolder: string): string => join(dataFolder, 'claim.json');

/** Queues a claim (mode 0600: the token is a secret), in place of an older one. */
export const storeClaim = (dataFolder: string, claim: Claim): void =>
  replaceFile(pathOf(dataFolder), `${JSON.stringify(claim, null, 2)}\n`);

export const dropClaim = (dataFolder: string): void => removeFile(pathOf(dataFolder));

/** The queued claim, if there is one. Throws `IdentityError` 'damaged'. */
export const loadClaim = (dataFolder: string): Claim | undefined => {
  const path = pathOf(dataFolder);
  try {
    const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (Value.Check(Claim, document)) return document;
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined;
    throw new IdentityError('damaged', `cannot read ${path}; enrol anew`, { cause });
  }
  throw new IdentityError('damaged', `${path} is no claim; enrol anew`);
};

/** Checks what a person typed. Throws `IdentityError` 'token' or 'url' before anything is written. */
export const checkClaim = (fleetUrl: string, token: string): void => {
  parseFleetUrl(fleetUrl);
  if (parseClaimToken(token) === undefined) {
    throw new IdentityError(
      'token',
      'this is no claim token; it reads tt1.<43 letters>.<64 hexadecimal digits>, on one line, as the fleet showed it',
    );
  }
};
