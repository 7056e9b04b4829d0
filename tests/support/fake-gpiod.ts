import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusDeps } from '../../drivers/driver.js';
import { busDeps } from './modbus.js';
import { temporaryFolder } from './temporary-folder.js';

/** The programs of the package gpiod, whose inputs a test moves. */
export interface FakeGpiod {
  /** Where they lie, for a PATH. */
  readonly folder: string;
  readonly openChannel: BusDeps['openChannel'];
  /** Prints an edge of line 17 as this version does. */
  edge(edge: 'rising' | 'falling', timeMs: number): void;
  /** Prints anything. */
  print(text: string): void;
  /** What gpioget gives from now on. */
  level(level: 0 | 1): void;
  /** Ends the program that watches. */
  kill(): void;
  /** Whether it watches. */
  watches(): boolean;
  /** Parameters of the last watch. */
  parameters(): string;
}

const script = (folder: string, version: 1 | 2): string => `#!/bin/sh
if [ "$1" = --version ]; then echo "gpiomon (libgpiod) v${version}.6.3"; exit 0; fi
echo "$@" > ${folder}/parameters
: > ${folder}/edges
echo $$ > ${folder}/pid
exec tail -n +1 -f ${folder}/edges
`;

/** Fake programs in a folder of their own: the real output formats, the real pipes, the real ends. */
export const fakeGpiod = (version: 1 | 2): FakeGpiod => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('gpiomon'), script(folder, version));
  writeFileSync(file('gpioget'), `#!/bin/sh\ncat ${file('level')}\n`);
  for (const program of ['gpiomon', 'gpioget']) chmodSync(file(program), 0o755);
  writeFileSync(file('level'), '1\n');
  const print = (text: string): void => appendFileSync(file('edges'), text);
  return {
    folder,
    openChannel: (endpoint, signal) =>
      busDeps.openChannel(
        endpoint.type === 'program' ? { ...endpoint, program: file(endpoint.program) } : endpoint,
        signal,
      ),
    edge: (edge, timeMs) => {
      const time = (timeMs / 1000).toFixed(9);
      if (version === 1)
        print(`event: ${edge.toUpperCase().padStart(7)} EDGE offset: 17 timestamp: [${time.padStart(18)}]\n`);
      else print(`${time}\t${edge}\tgpiochip0 17 "GPIO17"\n`);
    },
    print,
    level: (level) => writeFileSync(file('level'), `${level}\n`),
    kill: () => void process.kill(Number(readFileSync(file('pid'), 'utf8')), 'SIGKILL'),
    watches: () => existsSync(file('pid')),
    parameters: () => readFileSync(file('parameters'), 'utf8').trim(),
  };
};
