import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthorityError } from './errors.js';

const VARIABLE = 'TERROIR_CA_PASSPHRASE';
const CREDENTIAL = 'ca-passphrase';

/**
 * The passphrase of the authority's keys: from `file`, else the variable TERROIR_CA_PASSPHRASE, else the credential
 * `ca-passphrase` of systemd (`LoadCredential=`), else none: then the authority makes one beside its keys. Ends of
 * lines around it do not count. Rejects with `AuthorityError` `passphrase`.
 */
export const readPassphrase = async (
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> => {
  if (file !== undefined) return requireText(await readText(file), file);
  const variable = environment[VARIABLE];
  if (variable !== undefined) return requireText(variable, VARIABLE);
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (folder === undefined) return undefined;
  const path = join(folder, CREDENTIAL);
  const text = await readText(path).catch(() => undefined);
  return text === undefined ? undefined : requireText(text, path);
};

const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AuthorityError('passphrase', `Cannot read the passphrase in ${path}.`, { cause });
  }
};

const requireText = (text: string, place: string): string => {
  const passphrase = text.replace(/^[\r\n]+|[\r\n]+$/g, '');
  if (passphrase !== '') return passphrase;
  throw new AuthorityError('passphrase', `The passphrase in ${place} is empty.`);
};
