import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomPassword } from '../access/passwords.js';
import { openSessionOf, type Ask, type Credentials, type OpenedSession } from '../api-session.js';
import { slugOf } from '../slug.js';

/** An owner of a party, who signs for it in person. */
export interface Signatory extends Credentials {
  readonly organisationId: string;
  readonly organisation: string;
  /** What commands take as `--login-file`. */
  readonly loginFile: string;
  readonly session: OpenedSession;
}

/** Lets an owner of the organisation in, by an invitation as anybody is; at later starts, signs in whom it let in. */
export const openSignatory = async (
  url: string,
  administrator: Ask,
  organisation: { readonly id: string; readonly name: string },
  folder: string,
): Promise<Signatory> => {
  const { id: organisationId, name } = organisation;
  const loginFile = join(folder, `${slugOf(name)}.json`);
  if (!existsSync(loginFile)) {
    const credentials = await letIn(administrator, organisation);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(loginFile, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  }
  const credentials = JSON.parse(readFileSync(loginFile, 'utf8')) as Credentials;
  const session = await openSessionOf(url, credentials);
  return { ...credentials, organisationId, organisation: name, loginFile, session };
};

const letIn = async (
  administrator: Ask,
  { id: organisationId, name }: { readonly id: string; readonly name: string },
): Promise<Credentials> => {
  const order = { organisationId, role: 'owner', login: slugOf(name), name: `Responsable, ${name}` };
  const { token } = (await administrator('POST', 'invitations', order)) as { token: string };
  const password = randomPassword(randomBytes);
  const { login } = (await administrator('POST', 'invitations/accept', { token, password })) as {
    login: string;
  };
  return { login, password };
};
