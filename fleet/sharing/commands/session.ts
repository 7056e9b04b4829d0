import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { openSessionOf, type OpenedSession } from '../../api-session.js';
import { SharingError } from '../errors.js';

/** What commands have in common that speak with a running fleet as a person: an agreement is signed in person. */
export interface SessionOptions {
  readonly fleet: string;
  readonly loginFile?: string;
  readonly code?: string;
  readonly json: boolean;
}

const CREDENTIALS = Type.Object({ login: Type.String(), password: Type.String() });

export const sessionOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--fleet <url>', 'address of console and API')
        .env('TERROIR_FLEET')
        .default('http://127.0.0.1:8080'),
    )
    .addOption(
      new Option('--login-file <file>', 'who asks: JSON {"login", "password"}, readable by you alone').env(
        'TERROIR_LOGIN_FILE',
      ),
    )
    .option('--code <code>', 'of your second factor, or a recovery code')
    .option('--json', 'for scripts', false);

/** Logs in as the person of the login file, and gives what may be asked in their name. */
export const openPersonSession = async (options: SessionOptions): Promise<OpenedSession> => {
  const { fleet, loginFile, code } = options;
  if (loginFile === undefined) {
    throw new SharingError(
      'invalid',
      'Say who you are: --login-file FILE (or TERROIR_LOGIN_FILE), JSON {"login": …, "password": …}.',
    );
  }
  const read: unknown = JSON.parse(readFileSync(loginFile, 'utf8'));
  if (!Check(CREDENTIALS, read)) {
    throw new SharingError('invalid', `${loginFile} must hold {"login": …, "password": …}.`);
  }
  const { login, password } = read;
  const url = fleet.replace(/\/+$/, '');
  return openSessionOf(url, { login, password, ...(code === undefined ? {} : { code }) });
};

/** All items of a paged listing. */
export const allOf = async <Item>({ ask }: OpenedSession, path: string): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await ask('GET', `${path}?limit=1000${from}`)) as {
      readonly items: readonly Item[];
      readonly next: string | null;
    };
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
};
