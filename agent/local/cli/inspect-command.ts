import { readConfiguration } from '../../twin/configuration-file.js';
import { InspectAnswer, type InspectQuestion } from '../agent-questions.js';
import { inspect, renderInspect } from '../inspect.js';
import { onOwnBuses } from '../own-buses.js';
import { askRunningAgent } from '../through-agent.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface InspectOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly question: InspectQuestion;
  readonly json: boolean;
}

/** Asks a device for its counters or a record of a file, through the agent where one runs; fails where it has none. */
export const inspectCommand = async (
  { config, profiles, question, json }: InspectOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  const configuration = readConfiguration(config, profiles);
  const answer = await askRunningAgent(configuration, question, InspectAnswer, signal);
  const report =
    answer?.report ??
    (await onOwnBuses(configuration, (buses) => inspect({ configuration, buses, signal }, question)));
  printResult(output, report, json, renderInspect);
  return report.fault === null ? EXIT.done : EXIT.failed;
};
