import { writeFileSync } from 'node:fs';
import { readConfiguration } from '../../twin/configuration-file.js';
import { QuarantineAnswer, type QuarantinedRow } from '../agent-questions.js';
import { LocalError } from '../errors.js';
import { askRunningAgent } from '../through-agent.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface QuarantineOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly json: boolean;
  /** Of one batch, with `save`. */
  readonly id?: string;
  /** File to write its bytes to. */
  readonly save?: string;
}

const line = ({ id, seq, reason, at, bytes }: QuarantinedRow): string =>
  `${id}  ${new Date(at).toISOString()}  batch ${seq}, ${bytes} bytes: ${reason}`;

const render = (batches: readonly QuarantinedRow[]): string =>
  batches.length === 0 ? 'nothing was refused' : batches.map(line).join('\n');

/** Lists what the fleet refused of the running agent's batches, or saves one (exit 3 where none runs). */
export const quarantineCommand = async (
  { config, profiles, json, id, save }: QuarantineOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  if ((id === undefined) !== (save === undefined))
    throw new LocalError('usage', '--id and --save go together');
  if (id !== undefined && !/^-?\d+$/.test(id)) throw new LocalError('usage', `${id} is no id of the list`);
  const configuration = readConfiguration(config, profiles);
  const question = { ask: 'quarantine' as const, ...(id === undefined ? {} : { id: Number(id) }) };
  const answer = await askRunningAgent(configuration, question, QuarantineAnswer, signal);
  if (answer === undefined) {
    output.explain(`no agent runs on ${configuration.dataFolder}`);
    return EXIT.notRunning;
  }
  if (save !== undefined && answer.message !== null) {
    writeFileSync(save, Buffer.from(answer.message, 'base64'));
    return EXIT.done;
  }
  printResult(output, answer.batches, json, render);
  return EXIT.done;
};
