import { expect, onTestFinished, test } from 'vitest';
import { parseAddresses } from '../../../agent/local/cli/address-list.js';
import { scanCommand } from '../../../agent/local/cli/scan-command.js';
import { sdi12AddressCommand, sdi12DescribeCommand } from '../../../agent/local/cli/sdi12-command.js';
import { createTerminal } from '../../../agent/local/cli/terminal.js';
import type { Asker } from '../../../agent/local/cli/write-command.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import type { Dialect } from '../../../drivers/dialect.js';
import { mbusDialect } from '../../../drivers/mbus/dialect.js';
import { modbusDialect } from '../../../drivers/modbus/dialect.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { sdi12Dialect } from '../../../drivers/sdi12/dialect.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always } from '../../support/modbus.js';

const nobody: Asker = { isPerson: false, ask: () => Promise.reject(new Error('nobody is asked')) };

const site = async (...addresses: readonly string[]) => {
  const profile = loadProfile([packagedProfiles], 'meter/teros-12');
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'sdi12',
    units: addresses.map((address) => ({ address, profile, seed: 1 })),
    now: () => 0,
    faults: {},
  });
  onTestFinished(() => simulator.close());
  const printed: string[] = [];
  const explained: string[] = [];
  const output = {
    print: (text: string) => void printed.push(text),
    explain: (text: string) => void explained.push(text),
  };
  const line = {
    bus: `tcp://127.0.0.1:${simulator.port}`,
    config: undefined,
    baud: undefined,
    format: undefined,
    profiles: [packagedProfiles],
    json: true,
  };
  const readdress = (from: string, to: string, asker = nobody, yes = true) =>
    sdi12AddressCommand({ ...line, from, to, yes }, output, asker, always());
  return { line, output, printed, explained, readdress };
};

test('a technician gives a sensor another address, and finds it there', async () => {
  const { line, output, printed, explained, readdress } = await site('0');
  expect(await readdress('0', 'b')).toBe(0);
  expect(JSON.parse(printed.join(''))).toMatchObject({
    sensor: expect.stringMatching(/\S/),
    from: '0',
    to: 'b',
  });
  expect(explained.join('\n')).toMatch(/sdi12 address .* b 0$/);
  printed.length = 0;
  const search = { force: false, withinMs: 60_000, listenMs: 50, framing: undefined, protocol: 'sdi12' };
  const terminal = createTerminal(process.stderr);
  expect(await scanCommand({ ...line, ...search, addresses: 'a-b' }, output, terminal, always())).toBe(0);
  expect(JSON.parse(printed.join(''))).toMatchObject({ units: [{ address: 'b' }] });
});

test('an address is not changed to one that is taken, nor from one where nobody is, nor unasked', async () => {
  const { readdress, explained } = await site('0', '1');
  await expect(readdress('0', '1')).rejects.toMatchObject({ code: 'exception' });
  await expect(readdress('7', '8')).rejects.toMatchObject({ code: 'timeout' });
  await expect(readdress('0', '12')).rejects.toMatchObject({ code: 'usage' });
  await expect(readdress('0', '5', nobody, false)).rejects.toMatchObject({ code: 'usage' });
  expect(await readdress('0', '5', { isPerson: true, ask: () => Promise.resolve('n') }, false)).toBe(1);
  expect(explained).toEqual(['nothing was changed']);
});

test('a sensor says what each value of a measurement is', async () => {
  const { line, output, printed } = await site('3');
  const describe = (measurement: string, json: boolean) =>
    sdi12DescribeCommand({ ...line, json, address: '3', measurement }, output, always());
  expect(await describe('M', true)).toBe(0);
  const values: unknown = JSON.parse(printed.join(''));
  expect(values).toMatchObject([{ field: 'M.1' }, { field: 'M.2' }, { field: 'M.3' }]);
  printed.length = 0;
  expect(await describe('MC', false)).toBe(0);
  expect(printed.join('')).toMatch(/^M\.1 {2}\S/);
  await expect(describe('Q', true)).rejects.toMatchObject({ code: 'exception' });
});

test.each<[string, Dialect, string, readonly string[]]>([
  ['1-3,100', modbusDialect, 'rtu', ['1', '2', '3', '100']],
  ['0-2, a-c,Z', sdi12Dialect, 'sdi12', ['0', '1', '2', 'a', 'b', 'c', 'Z']],
  ['0-1,250', mbusDialect, 'mbus', ['0', '1', '250']],
])('the addresses %s are those that the protocol has', (text, dialect, framing, addresses) => {
  expect(parseAddresses(text, dialect, framing)).toEqual(addresses);
});

test.each<[string, Dialect, string]>([
  ['1-300', modbusDialect, 'rtu'],
  ['9-1', modbusDialect, 'rtu'],
  ['a', modbusDialect, 'rtu'],
  ['9-a', sdi12Dialect, 'sdi12'],
  ['a-Z', sdi12Dialect, 'sdi12'],
  ['10', sdi12Dialect, 'sdi12'],
  ['', sdi12Dialect, 'sdi12'],
])('the addresses "%s" are refused', (text, dialect, framing) => {
  expect(() => parseAddresses(text, dialect, framing)).toThrow(/--addresses/);
});
