import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readCommand } from '../../../agent/local/cli/read-command.js';
import { writeCommand } from '../../../agent/local/cli/write-command.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { fakeGpiod } from '../../support/fake-gpiod.js';
import { always } from '../../support/modbus.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const CONFIGURATION = `gateway: { name: Pumps }
buses: { inputs: { protocol: pulse, gpio: gpiochip0 } }
devices:
  water-meter:
    bus: inputs
    address: 17
    pulse: { active: low, bias: pull-up, debounce: 20ms }
    installation: { ratio: 0.01, offset: 1234.56 }
    points: { volume: { field: count, unit: m3, property: water_volume, kind: counter } }
`;

it('shows the index of the dial from the first index on, and follows when it is set to the dial', async () => {
  const gpiod = fakeGpiod(2);
  const path = process.env['PATH'];
  process.env['PATH'] = `${gpiod.folder}:${path}`;
  onTestFinished(() => void (process.env['PATH'] = path));
  const config = join(temporaryFolder(), 'gateway.yaml');
  writeFileSync(config, CONFIGURATION);
  const printed: string[] = [];
  const output = { print: (text: string) => void printed.push(text), explain: () => {} };
  const common = { config, profiles: [packagedProfiles], json: true };
  const read = async (): Promise<string> => {
    printed.length = 0;
    await readCommand({ ...common, device: undefined, allOrders: false }, output, always());
    return printed.join('');
  };
  expect(await read()).toContain('1234.56');
  const nobody = { isPerson: false, ask: () => Promise.reject(new Error('nobody is there')) };
  const write = { ...common, device: 'water-meter', point: 'volume', value: '1250.31', yes: true };
  expect(await writeCommand(write, output, nobody, always())).toBe(0);
  expect(await read()).toContain('1250.31');
});
