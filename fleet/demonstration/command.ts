import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { packageFile } from '../package-file.js';
import { parsePort } from '../ports.js';
import { runDemonstration } from './demonstration.js';

interface DemoOptions {
  readonly data: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly restartAfter: number;
}

/** `terroir-fleet demo`, which `npm start` runs. */
export const demoCommand = (): Command =>
  new Command('demo')
    .description('Run a demonstration territory on this machine: fleet, three gateways, simulated devices.')
    .option('--data <folder>', 'everything it keeps; started again, it goes on', './territory')
    .option('--http-port <port>', 'console and API', parsePort, 8080)
    .option('--mqtt-port <port>', 'gateways', parsePort, 8883)
    .option('--restart-after <seconds>', 'a process that was killed comes back after', parseSeconds, 60)
    .action(async (options: DemoOptions) => {
      const stopping = new AbortController();
      const stop = (): void => stopping.abort();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
      await runDemonstration({
        dataFolder: resolve(options.data),
        httpPort: options.httpPort,
        mqttPort: options.mqttPort,
        fleetProgram: packageFile('dist/terroir-fleet/main.js'),
        agentProgram: packageFile('dist/terroir-agent/main.js'),
        territoryFile: packageFile('config/examples/demonstration/territory.yaml'),
        restartMs: options.restartAfter * 1000,
        signal: stopping.signal,
        print: (text) => process.stdout.write(`${text}\n`),
      });
    });

const parseSeconds = (text: string): number => {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > 86_400)
    throw new InvalidArgumentError('give whole seconds, up to a day.');
  return seconds;
};
