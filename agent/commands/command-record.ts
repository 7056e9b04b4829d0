import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { replaceFile } from '../identity/durable-file.js';
import type { Handled } from './command-handler.js';

/** Commands that are remembered; the fleet offers an unanswered one for its lifetime only. */
const MAX_COMMANDS = 200;

const Recorded = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** UTC ms. */
  begun: Type.Number(),
  result: Type.Optional(
    Type.Object({
      outcome: Type.Enum(['done', 'refused', 'failed', 'expired']),
      detail: Type.String(),
    }),
  ),
});
const Record = Type.Array(Recorded, { maxItems: MAX_COMMANDS });
type Recorded = Static<typeof Recorded>;

/** Which commands were begun, and what became of them; survives a power cut. */
export interface CommandRecord {
  find(id: string): Recorded | undefined;
  /** Throws what the disk says: a command that cannot be recorded is not run. */
  begin(id: string, name: string, time: number): void;
  finish(id: string, result: Handled): void;
}

const load = (path: string): Recorded[] => {
  try {
    const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Value.Check(Record, document) ? document : [];
  } catch {
    return [];
  }
};

/** The record in a data folder (`commands.json`). One that cannot be read counts as empty. */
export const openCommandRecord = (dataFolder: string): CommandRecord => {
  const path = join(dataFolder, 'commands.json');
  let recorded: readonly Recorded[] = load(path);
  const write = (next: readonly Recorded[]): void => {
    replaceFile(path, `${JSON.stringify(next)}\n`);
    recorded = next;
  };
  return {
    find: (id) => recorded.find((command) => command.id === id),
    begin: (id, name, time) => write([...recorded, { id, name, begun: time }].slice(-MAX_COMMANDS)),
    finish: (id, { outcome, detail }) =>
      write(
        recorded.map((command) =>
          command.id === id ? { ...command, result: { outcome, detail } } : command,
        ),
      ),
  };
};
