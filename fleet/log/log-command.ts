import { rmSync } from 'node:fs';
import { Command } from 'commander';
import type { LogReader, LogWriter } from '../store/log-store.js';
import { keyedEntries, restoreEntries, summarise, type FileSummary } from './portable/filed-entries.js';
import { LogFileError, readLogFile, writeLogFile } from './portable/log-file.js';

export interface LogStores {
  readonly reader: (store: string) => Promise<LogReader>;
  readonly writer: (store: string) => Promise<LogWriter>;
}

interface Options {
  readonly store: string;
  readonly json: boolean;
}

/** Exit code where a file does not hold. */
const DAMAGED = 1;

const STORE = 'the fleet’s data folder, or postgres://user@host/database';

/** `terroir-fleet log`. */
export const logCommand = (stores: LogStores): Command =>
  new Command('log')
    .description('Take the log of batches out into one file, check such a file, put it into another store.')
    .addCommand(exportCommand(stores))
    .addCommand(verifyCommand())
    .addCommand(importCommand(stores));

const exportCommand = ({ reader }: LogStores): Command =>
  new Command('export')
    .description(
      'Write all entries of the log into a file, beside a running service or not, and check the file.',
    )
    .argument('<file>', 'a new file, by custom *.cborseq.gz')
    .option('--store <where>', STORE, './fleet-data')
    .option('--json', 'for scripts', false)
    .action(async (file: string, { store, json }: Options) => {
      const log = await reader(store);
      try {
        const said = progressOf('exported', `of ${await log.head()} log entries`);
        await writeLogFile(file, keyedEntries(log, said), Date.now());
      } catch (error) {
        // a file of that name that was there before stays
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
          rmSync(file, { force: true });
        throw error;
      } finally {
        await log.close();
      }
      const summary = await summarise(readLogFile(file), progressOf('checked'));
      endProgress();
      say(json, { file, ...summary }, `${file}: ${describe(summary)}\n`);
    });

const verifyCommand = (): Command =>
  new Command('verify')
    .description('Check every byte of an exported file, and that each entry is what it is filed as.')
    .argument('<file>')
    .option('--json', 'for scripts', false)
    .addHelpText('after', '\nExit codes: 0 it holds, 1 it does not (the reason is printed).')
    .action(async (file: string, { json }: Options) => {
      try {
        const summary = await summarise(readLogFile(file), progressOf('checked'));
        endProgress();
        say(json, { holds: true, file, ...summary }, `${file} holds: ${describe(summary)}\n`);
      } catch (error) {
        if (!(error instanceof LogFileError)) throw error;
        endProgress();
        say(json, { holds: false, file, fault: error.message }, `${file} does not hold: ${error.message}\n`);
        process.exitCode = DAMAGED;
      }
    });

const importCommand = ({ writer }: LogStores): Command =>
  new Command('import')
    .description(
      'Put the entries of a file into a store, each in its place: an empty one, or a copy of the same log. ' +
        'The file is checked first; what is there already stays, so that a cut import is run again.',
    )
    .argument('<file>')
    .option('--store <where>', STORE, './fleet-data')
    .option('--json', 'for scripts', false)
    .action(async (file: string, { store, json }: Options) => {
      const { entries } = await summarise(readLogFile(file), progressOf('checked'));
      const log = await writer(store);
      try {
        const restored = await restoreEntries(log, readLogFile(file), progressOf('imported'));
        endProgress();
        const text = `${store}: ${restored} entries imported, ${entries - restored} were there already.\n`;
        say(json, { store, entries, restored }, text);
      } finally {
        await log.close();
      }
    });

const say = (json: boolean, value: object, text: string): void => {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text);
};

const describe = ({ entries, batches, directories, reduced, sources, bytes }: FileSummary): string =>
  `${entries} entries (${batches} batches, ${directories} directories) of ${sources} gateways and other sources, ` +
  `${bytes} bytes${reduced === 0 ? '' : `; of ${reduced} batches something was erased`}`;

const progressOf =
  (what: string, of = '') =>
  (position: number): void =>
    void process.stderr.write(`\r${what}: ${position} ${of}`);
const endProgress = (): void => void process.stderr.write('\n');
