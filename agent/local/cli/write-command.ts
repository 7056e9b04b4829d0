import { createInterface } from 'node:readline/promises';
import type { WriteResult } from '../../../drivers/driver.js';
import { AcquisitionError } from '../../acquisition/errors.js';
import { writePoint, type PointWrite } from '../../acquisition/write-point.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { WriteAnswer } from '../agent-questions.js';
import { LocalError } from '../errors.js';
import { onOwnBuses } from '../own-buses.js';
import { askRunningAgent } from '../through-agent.js';
import { findPoint, renderWrite, writeOnce } from '../write.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface WriteOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device: string;
  readonly point: string;
  readonly value: string;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Where a person can be asked. */
export interface Asker {
  readonly isPerson: boolean;
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** The terminal that the command was typed at. */
export const terminalAsker = (): Asker => ({
  isPerson: process.stdin.isTTY && process.stderr.isTTY,
  ask: async (question, signal) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question, { signal });
    } finally {
      lines.close();
    }
  },
});

/**
 * Writes one point, through the agent where one runs, and prints what the device held before and after. Asks first;
 * without a terminal it needs `yes`. Fails where the device does not hold the value now.
 */
export const writeCommand = async (
  options: WriteOptions,
  output: Output,
  asker: Asker,
  signal: AbortSignal,
): Promise<number> => {
  const configuration = readConfiguration(options.config, options.profiles);
  const { device, point, value } = options;
  const found = findPoint(configuration, { device, point });
  if (!options.yes) {
    if (!asker.isPerson) throw new LocalError('usage', 'nobody can be asked here: say --yes to write');
    const where = `${found.device.name} (${found.device.address} on ${found.device.bus})`;
    const asked = `Write ${value} ${found.point.map.unit} to ${found.point.map.name} of ${where}? [y/N] `;
    if (!/^y(es)?$/i.test((await asker.ask(asked, signal)).trim())) {
      output.explain('nothing was written');
      return EXIT.failed;
    }
  }
  const question = { ask: 'write', device, point, value } as const;
  const answer = await askRunningAgent(configuration, question, WriteAnswer, signal);
  const report =
    answer?.report ??
    (await onOwnBuses(configuration, (buses) => {
      const write = async (each: PointWrite): Promise<WriteResult> => {
        const bus = buses.get(each.device.bus);
        if (bus !== undefined) return await writePoint(bus, each, signal);
        throw new AcquisitionError('unknown-bus', `Bus ${each.device.bus} was not opened.`);
      };
      return writeOnce({ configuration, write }, question);
    }));
  printResult(output, report, options.json, renderWrite);
  return report.outcome === 'written' ? EXIT.done : EXIT.failed;
};
