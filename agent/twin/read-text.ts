import { readFileSync } from 'node:fs';
import { ConfigurationError } from './errors.js';

/** The text of a file that must be there, or a `ConfigurationError` that says which one is not. */
export const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const reason = cause instanceof Error ? cause.message : 'unknown';
    const message = missing ? 'there is no such file' : `cannot be read: ${reason}`;
    throw new ConfigurationError('unreadable', [{ file, line: 0, column: 0, key: '', message }], { cause });
  }
};
