import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { SharingError } from '../errors.js';

/** A file that somebody wrote, YAML or JSON; `-` is the standard input. Times may be written as dates. */
export const readDocument = (file: string): unknown => {
  const lineCounter = new LineCounter();
  const document = parseDocument(readFileSync(file === '-' ? 0 : file, 'utf8'), {
    lineCounter,
    prettyErrors: true,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new SharingError(
      'invalid',
      `${file}, line ${line}, column ${col}: ${error.message.split('\n')[0]}`,
    );
  }
  return withTimes(document.toJS(), file);
};

/** Keys of terms and conditions that are UTC ms, and that people write as dates. */
const TIMES = new Set(['from', 'to']);

const withTimes = (value: unknown, file: string): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => withTimes(item, file));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, held]: [string, unknown]) => {
      // of a description's coverage the dates stay as they are
      if (key === 'coverage') return [key, held];
      return [
        key,
        TIMES.has(key) && typeof held === 'string' ? timeOf(held, key, file) : withTimes(held, file),
      ];
    }),
  );
};

const timeOf = (text: string, key: string, file: string): number => {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new SharingError('invalid', `${file}: ${key}: write a time as 2027-01-01 or 2027-01-01T08:00:00Z.`);
};
