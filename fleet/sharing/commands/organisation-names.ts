import type { OpenedSession } from '../../api-session.js';
import { SharingError } from '../errors.js';
import type { Party } from '../terms.js';
import { allOf } from './session.js';

export interface Named {
  readonly id: string;
  readonly name: string;
  readonly code?: string | null;
}

/** Organisations that the caller sees: their own and those below. Others are named by id. */
export const organisationsOf = (session: OpenedSession): Promise<readonly Named[]> =>
  allOf<Named>(session, 'organisations');

const find = (known: readonly Named[], text: string): Named | undefined => {
  const [found, second] = known.filter(({ id, name, code }) => [id, name, code].includes(text));
  if (second !== undefined) throw new SharingError('invalid', `Several are called ${text}: give the id.`);
  return found;
};

/** The id of an organisation by id, official code or name; of one that the caller does not see, the id itself. */
export const organisationIdOf = (known: readonly Named[], text: string): string => {
  const id = find(known, text)?.id ?? text;
  if (/^[a-z0-9-]{1,64}$/.test(id)) return id;
  throw new SharingError(
    'invalid',
    `You see no organisation ${text}: of one that is neither yours nor below it give the id, which its people know.`,
  );
};

/** `ID`, `NAME` or `ID=Name to be written in the agreement`. */
export const partyOf = (known: readonly Named[], text: string): Party => {
  const [asked = '', ...rest] = text.split('=');
  const organisationId = organisationIdOf(known, asked.trim());
  const name = rest.join('=').trim() || find(known, organisationId)?.name;
  if (name === undefined) {
    throw new SharingError('invalid', `Say how ${organisationId} is called: ${organisationId}='Ville de …'.`);
  }
  return { organisationId, name };
};
