import type { DeviceReading } from '../../acquisition/acquisition.js';
import { createClock } from '../../clock/gateway-clock.js';
import { systemTime } from '../../clock/system-time.js';
import { loadCatalogue } from '../../twin/catalogue.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { packagedCatalogue } from '../../twin/packaged.js';
import type { Configuration, ConfiguredDevice } from '../../twin/configuration.js';
import { ReadAnswer } from '../agent-questions.js';
import { readOnBus, readOnce, type ReadRow } from '../read.js';
import { askRunningAgent } from '../through-agent.js';
import { renderAllOrders } from '../all-orders.js';
import { renderTable } from '../read-table.js';
import { EXIT } from './exit-codes.js';
import { createBusState } from '../bus-state.js';
import { closeBuses, openBuses } from '../open-buses.js';
import { printResult, type Output } from './output.js';

export interface ReadOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device: string | undefined;
  readonly json: boolean;
  /** Show the registers of each point in every type and order. */
  readonly allOrders: boolean;
}

/** Reads on buses of our own, where no agent runs. */
const readAlone = async (
  configuration: Configuration,
  device: string | undefined,
  output: Output,
  signal: AbortSignal,
): Promise<readonly ReadRow[]> => {
  const system = systemTime();
  const clock = createClock(system);
  const buses = openBuses(configuration, clock, createBusState(configuration.dataFolder));
  try {
    const catalogue = loadCatalogue(packagedCatalogue);
    const read = (each: ConfiguredDevice): Promise<DeviceReading> =>
      readOnBus({ buses, clock }, each, signal);
    const rows = await readOnce({ configuration, catalogue, read }, device);
    for (const bus of buses.values()) bus.hints?.().forEach((hint) => output.explain(hint));
    return rows;
  } finally {
    await closeBuses(buses);
    clock.stop();
    system.stop();
  }
};

/**
 * Polls once and prints what came; fails where a point has no value, so that a script notices. Where an agent runs it
 * does the reading: a line has one master, and many a TCP gateway takes one connection.
 */
export const readCommand = async (
  options: ReadOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  const configuration = readConfiguration(options.config, options.profiles);
  const { device } = options;
  const question = { ask: 'read', ...(device === undefined ? {} : { device }) } as const;
  const answer = await askRunningAgent(configuration, question, ReadAnswer, signal);
  const rows = answer?.rows ?? (await readAlone(configuration, device, output, signal));
  printResult(output, rows, options.json, options.allOrders ? renderAllOrders(configuration) : renderTable);
  return rows.every(({ value }) => value !== null) ? EXIT.done : EXIT.failed;
};
