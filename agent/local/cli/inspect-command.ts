import type { Bus } from '../../../drivers/driver.js';
import { AcquisitionError } from '../../acquisition/errors.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { InspectAnswer, type InspectQuestion } from '../agent-questions.js';
import { inspect, renderInspect, type InspectDeps } from '../inspect.js';
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

/** Where no agent runs, the line is ours. */
const askOn =
  (buses: ReadonlyMap<string, Bus>, signal: AbortSignal): InspectDeps['ask'] =>
  async ({ bus: key }, question) => {
    const bus = buses.get(key);
    if (bus === undefined) throw new AcquisitionError('unknown-bus', `Bus ${key} was not opened.`);
    return (await question(bus, signal)).result;
  };

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
    (await onOwnBuses(configuration, (buses) =>
      inspect({ configuration, ask: askOn(buses, signal) }, question),
    ));
  printResult(output, report, json, renderInspect);
  return report.fault === null ? EXIT.done : EXIT.failed;
};
