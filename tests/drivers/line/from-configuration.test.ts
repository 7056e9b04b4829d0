import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readCommand } from '../../../agent/local/cli/read-command.js';
import { ConfigurationError } from '../../../agent/twin/errors.js';
import { readConfiguration } from '../../../agent/twin/configuration-file.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { always } from '../../support/modbus.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const written = (port: number, pattern: string): string => {
  const file = join(temporaryFolder(), 'gateway.yaml');
  writeFileSync(
    file,
    `gateway: { name: Lock }
buses: { gauge: { protocol: line, tcp: 127.0.0.1:${port} } }
devices:
  lock-level:
    bus: gauge
    address: '07'
    line:
      command: '#{address}\\r'
      pattern: '${pattern}'
      decimal: ','
      fields: { state: { codes: { OK: 0, ERR: 1 } } }
      noValue: ['-9,999']
      checksum: { type: xor, before: '*' }
    points:
      level: { field: level, unit: m, property: water_level, decimals: 3 }
      temperature: { field: temperature, unit: Cel, property: water_temperature }
      state: { field: state, property: fault, states: { 0: sound, 1: failed } }
`,
  );
  return file;
};

const PATTERN = String.raw`(?<address>\d\d);LVL (?<level>[-+\d,]+) m;T (?<temperature>[-+\d,]+);(?<state>OK|ERR)`;

/** A gauge that nobody has described yet: it answers `#07`. */
const startGauge = async (): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1') !== '#07\r') return;
      const said = '07;LVL 1,234 m;T -9,999;OK';
      const sum = Buffer.from(said).reduce((total, byte) => total ^ byte, 0);
      socket.write(`${said}*${sum.toString(16).padStart(2, '0')}\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

it('reads an instrument that only a configuration describes', async () => {
  const config = written(await startGauge(), PATTERN);
  const printed: string[] = [];
  const output = { print: (text: string) => void printed.push(text), explain: () => {} };
  await readCommand(
    { config, profiles: [packagedProfiles], device: undefined, json: true, allOrders: false },
    output,
    always(),
  );
  const text = printed.join('');
  expect(text).toContain('1.234');
  expect(text).toContain('means no value');
});

it('names a pattern that is not understood where it stands', () => {
  const config = written(4001, String.raw`(?<level>[-+\d,]+)\b`);
  let problem = '';
  try {
    readConfiguration(config, [packagedProfiles]);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problem = error.message;
  }
  expect(problem).toMatch(/gateway\.yaml:7:\d+/);
  expect(problem).toContain('devices.lock-level.line');
  expect(problem).toContain(String.raw`\b`);
});
