import { AccessError } from './errors.js';

const FEWEST_CHARACTERS = 16;
const FEWEST_DIFFERENT = 6;
/** What examples, images and tutorials put where a secret belongs. */
const DEFAULT_WORDS = [
  'changeme',
  'changethis',
  'changeit',
  'secret',
  'password',
  'passwd',
  'motdepasse',
  'default',
  'example',
  'exemple',
  'placeholder',
  'client',
  'your',
  'insertyour',
  'todo',
  'dummy',
  'test',
  'demo',
  'admin',
  'terroir',
  'keycloak',
  '123456',
  'abcdef',
  'qwerty',
  'azerty',
];

/**
 * Throws `AccessError` `weak-secret` on a configured secret that is empty or shorter than 16 characters, holds fewer
 * than 6 different ones, or is made of words that stand in examples with little else.
 */
export const requireStrongSecret = (secret: string, what: string): void => {
  const fault = faultOf(secret);
  if (fault === undefined) return;
  throw new AccessError('weak-secret', `${what} ${fault}: put the real one there.`);
};

const faultOf = (secret: string): string | undefined => {
  if (secret.trim() === '') return 'is empty';
  if (secret.length < FEWEST_CHARACTERS) {
    return `has fewer than ${FEWEST_CHARACTERS} characters`;
  }
  if (new Set(secret).size < FEWEST_DIFFERENT) return 'repeats itself';
  const plain = secret.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const rest = DEFAULT_WORDS.reduce((text, word) => text.replaceAll(word, ''), plain);
  return rest.length < FEWEST_CHARACTERS / 2 ? 'is a default' : undefined;
};
