import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCommand } from '../../../agent/local/cli/read-command.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

const found = (pattern: RegExp): string => {
  const text = pattern.exec(readme)?.[1];
  if (text === undefined) throw new Error(`the README has nothing like ${String(pattern)}`);
  return text;
};

test('the gateway of the README reads the device that the README simulates', async () => {
  const text = found(/```yaml\n# gateway\.yaml\n(.*?)```/s);
  const [, profile = '', address = '', listen = ''] =
    /(\S+)@(\d+) --tcp (\S+)/.exec(found(/terroir-agent simulate ([^`]+)`/)) ?? [];
  expect(text.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(text).toContain(`'${listen}'`);
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'tcp',
    units: [{ address, profile: loadProfile([packagedProfiles], profile), seed: 1 }],
    now: () => Date.now(),
  });
  const config = join(temporaryFolder(), 'gateway.yaml');
  // The half second that the README grants is the device's, not that of a machine full of tests.
  const here = `'127.0.0.1:${simulator.port}', timeout: 10s`;
  writeFileSync(config, text.replace(`'${listen}'`, here));
  const printed: string[] = [];
  const output = { print: (line: string) => void printed.push(line), explain: () => undefined };
  const options = { config, profiles: [packagedProfiles], device: undefined, json: false, allOrders: false };
  const code = await readCommand(options, output, AbortSignal.timeout(20_000));
  await simulator.close();
  expect(printed.join('\n')).toMatch(/temperature +-?\d+(\.\d+)? +°?C/);
  expect(code).toBe(0);
});
