import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { syncFile } from './sync-file.js';

/**
 * What is written beside the file now and then, so that the loss can be bounded where nothing of it can be read:
 * its epoch, and how many readings and windows it may hold that the fleet has not acked.
 */
export interface FileNote {
  readonly epoch: string;
  readonly ordinals: number;
  readonly unsettled: number;
}

/** Ordinals that may be given before the note is written again. */
export const NOTE_EVERY = 50_000;

const noteOf = (path: string): string => `${path}.note`;

const isNote = (value: unknown): value is FileNote =>
  typeof value === 'object' &&
  value !== null &&
  'epoch' in value &&
  typeof value.epoch === 'string' &&
  /^[0-9a-f]{16}$/.test(value.epoch) &&
  'ordinals' in value &&
  Number.isSafeInteger(value.ordinals) &&
  'unsettled' in value &&
  Number.isSafeInteger(value.unsettled);

/** The note beside a buffer's file; `undefined` where there is none that can be read. */
export const readNote = (path: string): FileNote | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(noteOf(path), 'utf8'));
    return isNote(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Writes the note, whole or not at all; throws what the disk says. */
export const writeNote = (path: string, { epoch, ordinals, unsettled }: FileNote): void => {
  const part = `${noteOf(path)}.part`;
  writeFileSync(part, JSON.stringify({ epoch, ordinals, unsettled }));
  syncFile(part);
  renameSync(part, noteOf(path));
};
