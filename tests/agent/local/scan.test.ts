import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { FinderDeps, FindOptions, FindProgress } from '../../../drivers/finder.js';
import { findModbusDevices as scan } from '../../../drivers/modbus/doctor/find-devices.js';
import { quotedAddress, scanConfiguration } from '../../../agent/local/scan-configuration.js';
import { progressLine, renderScan } from '../../../agent/local/scan-summary.js';
import { check } from '../../../agent/twin/check.js';
import { ChannelError } from '../../../drivers/channel/channel-error.js';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import { createSocketChannel } from '../../../drivers/channel/tcp-channel.js';
import type { Endpoint } from '../../../drivers/driver.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { parseFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { createServer } from 'node:net';
import { parse } from 'yaml';
import { always, busDeps } from '../../support/modbus.js';
import { runProgram } from '../../support/program.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair } from '../../support/serial-pair.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const folder = fileURLToPath(new URL('../../../config/profiles', import.meta.url));
const MODELS = ['eastron/sdm630-v2', 'terroir/water-meter', 'terroir/weather-station', 'terroir/noise-meter'];
const profiles = MODELS.map((id) => loadProfile([folder], id));
const model = (id: string) => loadProfile([folder], id);

const SERIAL = { type: 'serial', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

const temporary = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'scan-'));
  closers.push(() => rmSync(path, { recursive: true }));
  return path;
};

const serve = async (
  units: Readonly<Record<string, string>>,
  listen: Parameters<typeof startSimulator>[0]['listen'] = { host: '127.0.0.1', port: 0 },
  framing: 'tcp' | 'rtu' = 'tcp',
  faults = '',
) => {
  const simulator = await startSimulator({
    listen,
    framing,
    units: Object.entries(units).map(([address, id]) => ({ address, profile: model(id), seed: 3 })),
    now: () => Date.UTC(2026, 5, 15, 17, 30),
    faults: faults === '' ? {} : parseFaults(faults),
  });
  closers.push(() => simulator.close());
  return simulator;
};

const options = (endpoint: Endpoint, framing: string, parts: Partial<FindOptions> = {}): FindOptions => ({
  target: { endpoint, framing, settled: true },
  profiles,
  force: false,
  listenMs: 50,
  lookMs: 60_000,
  ...parts,
});

const deps = (parts: Partial<FinderDeps> = {}): FinderDeps => ({
  ...busDeps,
  progress: () => {},
  ...parts,
});

const tcp = (port: number): Endpoint => ({ type: 'tcp', host: '127.0.0.1', port });

/** A line that speaks at one speed and format only: at others, what is said arrives as other bytes. */
const speaksOnly =
  (baudRate: number, parity: 'none' | 'even'): FinderDeps['openChannel'] =>
  async (endpoint, signal) => {
    const channel = await openChannel(endpoint, signal);
    if (endpoint.type !== 'serial' || (endpoint.baudRate === baudRate && endpoint.parity === parity))
      return channel;
    return { ...channel, write: (bytes) => channel.write(bytes.map((byte) => byte ^ 0x5a)) };
  };

describe('a scan', () => {
  test('finds every device behind a gateway and its model, and prints a configuration that is in order', async () => {
    const { port } = await serve({
      1: 'eastron/sdm630-v2',
      7: 'terroir/water-meter',
      12: 'terroir/weather-station',
      40: 'terroir/noise-meter',
    });
    const report = await scan(options(tcp(port), 'tcp'), deps(), always());
    expect(report.complete).toBe(true);
    expect(report.devices.map(({ address, best }) => [address, best?.profile.id])).toEqual([
      ['1', 'eastron/sdm630-v2'],
      ['7', 'terroir/water-meter'],
      ['12', 'terroir/weather-station'],
      ['40', 'terroir/noise-meter'],
    ]);
    const file = join(temporary(), 'gateway.yaml');
    writeFileSync(
      file,
      scanConfiguration(report, { gateway: "Salle des fêtes: l'annexe", bus: 'net', protocol: 'modbus' }),
    );
    const checked = check(file, [folder]);
    expect(checked.problems).toEqual([]);
    expect(checked.summary?.devices).toBe(4);
  });

  test('knows a model by what the device says of itself, though its registers would fit another as well', async () => {
    const plain = model('terroir/water-meter');
    const named = {
      ...plain,
      id: 'acme/t1',
      identity: { registers: [], device: { vendor: 'Acme', product: 'T1' } },
    };
    const simulator = await startSimulator({
      listen: { host: '127.0.0.1', port: 0 },
      framing: 'tcp',
      units: [{ address: '3', profile: named, seed: 3 }],
      now: () => Date.UTC(2026, 5, 15, 17, 30),
    });
    closers.push(() => simulator.close());
    const search = options(tcp(simulator.port), 'tcp', { profiles: [plain, named], addresses: ['3'] });
    const report = await scan(search, deps(), always());
    expect(report.devices.map(({ best }) => [best?.profile.id, best?.identified])).toEqual([
      ['acme/t1', true],
    ]);
  });

  test('says that one device answers everywhere, in place of finding it 250 times', async () => {
    const units = Object.fromEntries([1, 213, 229, 239].map((unit) => [unit, 'terroir/water-meter']));
    const { port } = await serve(units);
    const report = await scan(options(tcp(port), 'tcp'), deps(), always());
    expect(report.devices.map(({ address }) => address)).toEqual(['1']);
    expect(renderScan(report)).toContain('answers at every unit address');
  });

  test('keeps what was found when it is stopped', async () => {
    const { port } = await serve({ 1: 'eastron/sdm630-v2' }, undefined, 'rtu');
    const stop = new AbortController();
    const progress = ({ what, found }: FindProgress) => {
      if (found > 0 && what.endsWith('address 5')) stop.abort();
    };
    const report = await scan(options(tcp(port), 'rtu'), deps({ progress }), stop.signal);
    expect(report.complete).toBe(false);
    expect(report.devices.map(({ address }) => address)).toEqual(['1']);
    expect(renderScan(report)).toContain('stopped before everything was tried');
  });

  test('ends its search in time, and recognises all the same what it found', async () => {
    const { port } = await serve({ 1: 'terroir/water-meter' }, undefined, 'rtu');
    const report = await scan(options(tcp(port), 'rtu', { lookMs: 1500 }), deps(), always());
    expect(report.complete).toBe(false);
    expect(report.devices[0]?.best?.profile.id).toBe('terroir/water-meter');
    expect(renderScan(report)).toMatch(/Note: the time was up after \d+ of \d+ tries: --within 30m looks on/);
  });

  test('shows where two devices share an address', async () => {
    const { port } = await serve(
      { 1: 'eastron/sdm630-v2', 3: 'terroir/water-meter' },
      undefined,
      'rtu',
      'double=unit3',
    );
    const report = await scan(
      options(tcp(port), 'rtu', {
        addresses: ['1', '2', '3', '4'],
        profiles: [model('terroir/water-meter')],
      }),
      deps(),
      always(),
    );
    expect(report.devices.map(({ address }) => address)).toEqual(['1']);
    expect(report.doubtful).toEqual(['3']);
    expect(renderScan(report)).toContain('two devices at this address');
  });

  test('finds a slow device, whose answer comes in the turn of the next', async () => {
    const { port } = await serve({ 2: 'terroir/water-meter' }, undefined, 'rtu', 'turnaround=400ms');
    const report = await scan(
      options(tcp(port), 'rtu', {
        addresses: ['1', '2', '3', '4'],
        profiles: [model('terroir/water-meter')],
      }),
      deps(),
      always(),
    );
    expect(report.devices.map(({ address }) => address)).toEqual(['2']);
  });

  test('refuses a line on which somebody speaks, and disturbs nobody, unless it is told to', async () => {
    let received = 0;
    const server = createServer((socket) => {
      const channel = createSocketChannel(socket);
      channel.onData((bytes) => (received += bytes.length));
      const timer = setInterval(() => void channel.write(Uint8Array.of(1, 4, 0, 0)).catch(() => {}), 10);
      channel.onClose(() => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const asked = options(tcp(port), 'rtu', { addresses: ['1'], listenMs: 200 });
    await expect(scan(asked, deps(), always())).rejects.toMatchObject({ name: 'FinderError', code: 'busy' });
    expect(received).toBe(0);
    const forced = await scan({ ...asked, force: true, lookMs: 500 }, deps(), always());
    expect(forced.overheard).toBeGreaterThan(0);
  });

  test('says what cannot be reached', async () => {
    await expect(scan(options(tcp(1), 'tcp'), deps(), always())).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test.runIf(programAvailable('socat'))('finds speed and format of a serial line', async () => {
    const pair = await plugSerialPair(temporary());
    closers.push(() => pair.pull());
    const { paths } = pair;
    const line = { ...SERIAL, path: paths[0], baudRate: 19200, parity: 'even' } as const;
    await serve({ 1: 'eastron/sdm630-v2', 3: 'terroir/water-meter' }, line, 'rtu');
    const target = { endpoint: { ...SERIAL, path: paths[1] }, framing: 'rtu', settled: false };
    const seen = new Set<string>();
    const report = await scan(
      options(target.endpoint, 'rtu', { target, addresses: ['1', '2', '3'] }),
      deps({
        openChannel: speaksOnly(19200, 'even'),
        progress: ({ what }) => void seen.add(what.replace(/, address.*/, '')),
      }),
      always(),
    );
    expect(report.endpoint).toMatchObject({ baudRate: 19200, parity: 'even' });
    expect(report.devices.map(({ best }) => best?.profile.id)).toEqual([
      'eastron/sdm630-v2',
      'terroir/water-meter',
    ]);
    expect([...seen].slice(0, 3)).toEqual(['9600 8N1', '9600 8E1', '19200 8E1']);
    expect(report.notes).toEqual([]);
    expect(scanConfiguration(report, { gateway: 'g', bus: 'line', protocol: 'modbus' })).toContain(
      'baud: 19200\n    format: 8E1',
    );
  });

  test('tells of meters that answer at other settings than the rest of the box', async () => {
    const here = await serve({ 1: 'eastron/sdm630-v2', 2: 'terroir/water-meter' }, undefined, 'rtu');
    const elsewhere = await serve({ 1: 'terroir/noise-meter' }, undefined, 'rtu');
    const nowhere = await serve({}, undefined, 'rtu');
    /** A wire, on which each meter hears its own speed and format. */
    const wire: FinderDeps['openChannel'] = (endpoint, signal) => {
      if (endpoint.type !== 'serial') throw new Error('only a port is looked at here');
      const setting = `${endpoint.baudRate} ${endpoint.parity}`;
      const { port } = setting === '9600 none' ? here : setting === '2400 none' ? elsewhere : nowhere;
      return openChannel(tcp(port), signal);
    };
    const target = { endpoint: { ...SERIAL, path: '/dev/ttyUSB0' }, framing: 'rtu', settled: false };
    const asked = options(target.endpoint, 'rtu', { target, addresses: ['1', '2'] });
    const report = await scan(asked, deps({ openChannel: wire }), always());
    expect(report.endpoint).toMatchObject({ baudRate: 9600, parity: 'none' });
    expect(report.devices.map(({ address }) => address)).toEqual(['1', '2']);
    expect(renderScan(report)).toContain(
      'Note: a device answers at 2400 8N1 too, address 1, and a line has one',
    );
    expect(report.notes).toHaveLength(1);
  });

  test('looks on where the port cannot do a setting, as the mini-UART of a Pi can no parity', async () => {
    const meters = await serve({ 1: 'terroir/water-meter' }, undefined, 'rtu');
    const nowhere = await serve({}, undefined, 'rtu');
    const port: FinderDeps['openChannel'] = (endpoint, signal) => {
      if (endpoint.type !== 'serial') throw new Error('only a port is looked at here');
      if (endpoint.parity !== 'none')
        throw new ChannelError('unsupported', 'the mini-UART has no parity: set the devices to 8N1');
      return openChannel(tcp((endpoint.baudRate === 19200 ? meters : nowhere).port), signal);
    };
    const target = { endpoint: { ...SERIAL, path: '/dev/ttyS0' }, framing: 'rtu', settled: false };
    const asked = options(target.endpoint, 'rtu', { target, addresses: ['1', '2'] });
    const report = await scan(asked, deps({ openChannel: port }), always());
    expect(report.endpoint).toMatchObject({ baudRate: 19200, parity: 'none' });
    expect(report.devices.map(({ address }) => address)).toEqual(['1']);
    expect(renderScan(report)).toContain(
      'Note: 9600 8E1 could not be tried: the mini-UART has no parity: set the devices to 8N1.',
    );
  });

  test.runIf(programAvailable('socat'))('says where to look when nothing answers at all', async () => {
    const pair = await plugSerialPair(temporary());
    closers.push(() => pair.pull());
    const { paths } = pair;
    const endpoint = { ...SERIAL, path: paths[1] };
    const report = await scan(options(endpoint, 'rtu', { addresses: ['1', '2'] }), deps(), always());
    expect(report.devices).toEqual([]);
    expect(renderScan(report)).toContain('A and B are swapped');
    const file = join(temporary(), 'gateway.yaml');
    writeFileSync(file, scanConfiguration(report, { gateway: 'g', bus: 'line', protocol: 'modbus' }));
    expect(check(file, [folder]).problems).toEqual([]);
  });
});

test('progress is a bar, what is tried, and the time left at the pace so far', () => {
  const progress = { phase: 'looking', what: '9600 8N1, address 3', done: 25, total: 100, found: 2 } as const;
  expect(progressLine(progress, 10_000)).toBe(
    '[######..................] looking: 9600 8N1, address 3; 2 found, at most 30 s left',
  );
  expect(progressLine({ ...progress, done: 0 }, 0)).toBe(
    '[........................] looking: 9600 8N1, address 3; 2 found',
  );
});

test.each(['tcp', 'rtu', 'ascii'] as const)(
  'a configuration for %s through a socket is in order',
  (framing) => {
    const found = { overheard: 0, devices: [], doubtful: [], garbled: [], complete: true, notes: [] };
    const report = { ...found, endpoint: tcp(4001), framing };
    const file = join(temporary(), 'gateway.yaml');
    writeFileSync(file, scanConfiguration(report, { gateway: 'g', bus: 'net', protocol: 'modbus' }));
    const checked = check(file, [folder]);
    expect(checked.problems).toEqual([]);
    expect(checked.summary?.buses[0]?.framing).toBe(framing);
  },
);

test.each([
  ['--bus', 'gpio:gpiochip0'],
  ['--bus', 'serial:/dev/ttyS0', '--protocol', 'pulse'],
])('a contact is not searched for: %s %s', async (...parameters) => {
  const { code, output } = await runProgram('agent', 'scan', ...parameters);
  expect(code).toBe(2);
  expect(output).toContain('a contact cannot be searched for');
});

test.each([
  '0',
  '17',
  '041876097767',
  '000000000001',
  '09011523',
  '12E3',
  '0x10',
  'GN',
  'Q',
  'null',
  'true',
  'a/b',
])('the address %s is read back from a configuration as it was found', (address) => {
  expect(String(parse(`a: ${quotedAddress(address)}`, { intAsBigInt: true }).a)).toBe(address);
});
