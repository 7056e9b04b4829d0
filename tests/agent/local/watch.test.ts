import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeCommand } from '../../../agent/local/cli/decode-command.js';
import { EXIT } from '../../../agent/local/cli/exit-codes.js';
import { readCommand } from '../../../agent/local/cli/read-command.js';
import { createTerminal, type Terminal } from '../../../agent/local/cli/terminal.js';
import { watchCommand } from '../../../agent/local/cli/watch-command.js';
import { openStatusSocket } from '../../../agent/local/status-socket.js';
import { renderWatch, viewHints, type WatchView } from '../../../agent/local/watch-table.js';
import { openWatch } from '../../../agent/local/watch.js';
import { readConfiguration } from '../../../agent/twin/configuration-file.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { parseFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { eventually } from '../../support/eventually.js';
import { always } from '../../support/modbus.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const profiles = [fileURLToPath(new URL('../../../config/profiles', import.meta.url))];

const serve = async (faults: string) => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'rtu',
    units: [
      { address: '1', profile: loadProfile(profiles, 'eastron/sdm630-v2'), seed: 1 },
      { address: '7', profile: loadProfile(profiles, 'terroir/water-meter'), seed: 2 },
    ],
    now: () => Date.UTC(2026, 5, 15, 17, 30),
    faults: parseFaults(faults),
  });
  closers.push(() => simulator.close());
  return simulator.port;
};

const configure = (port: number): string => {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const text = `gateway: { name: Town hall }
buses:
  line: { rtu-over-tcp: '127.0.0.1:${port}', timeout: 200ms, lateness: 200ms }
devices:
  meter: { bus: line, address: 1, profile: eastron/sdm630-v2, interval: 1s }
  water: { bus: line, address: 7, profile: terroir/water-meter, interval: 5s }
  gone: { bus: line, address: 9, profile: terroir/noise-meter, interval: 1s }
`;
  writeFileSync(file, text);
  return file;
};

const collect = () => {
  const printed: string[] = [];
  const output = { print: (text: string) => printed.push(text), explain: () => {} };
  return { output, text: () => printed.join('\n') };
};

const recording = (live: boolean) => {
  let drawn = '';
  const terminal: Terminal = {
    live,
    columns: 200,
    write: () => {},
    replace: (text) => (drawn = text),
    clear: () => {},
  };
  return { terminal, drawn: () => drawn };
};

describe('watch', () => {
  test('draws values, counters and hints in place, until it is stopped', async () => {
    const config = configure(await serve('double=unit7'));
    const stop = new AbortController();
    const { output } = collect();
    const { terminal, drawn } = recording(true);
    const options = { config, profiles, device: undefined, refreshMs: 50 };
    const watching = watchCommand(options, output, terminal, stop.signal);
    await eventually(() => /gone on line: never answers/.test(drawn()), 20_000);
    await eventually(() => /water on line: .*two devices at this address/.test(drawn()), 20_000);
    expect(drawn()).toMatch(/meter\/voltage_l1 +2\d\d\.\d+ +V +good/);
    expect(drawn()).toMatch(/gone +line +0 +[3-9]/);
    stop.abort();
    expect(await watching).toBe(EXIT.done);
  });

  test('prints readings as lines where nothing can be drawn over, each once, of one device where asked', async () => {
    const config = configure(await serve('seed=1'));
    const stop = new AbortController();
    const { output, text } = collect();
    const options = { config, profiles, device: 'water', refreshMs: 20 };
    const watching = watchCommand(options, output, recording(false).terminal, stop.signal);
    await eventually(() => text().includes('water/battery'), 20_000);
    stop.abort();
    await watching;
    const lines = text().split('\n');
    expect(lines.filter((line) => line.includes('water/index'))).toHaveLength(1);
    expect(lines.every((line) => line.includes('water/'))).toBe(true);
  });

  test('shows the first values when they are there, however long it is between two looks', async () => {
    const config = configure(await serve('seed=1'));
    const stop = new AbortController();
    const { output, text } = collect();
    const options = { config, profiles, device: 'water', refreshMs: 3_600_000 };
    const watching = watchCommand(options, output, recording(false).terminal, stop.signal);
    await eventually(() => text().includes('water/battery'), 20_000);
    stop.abort();
    await watching;
  });

  test('refuses a device that is not configured, naming those that are', async () => {
    const configuration = readConfiguration(configure(1), profiles);
    await expect(openWatch(configuration, 'meters')).rejects.toThrow(/accepted: meter, water, gone/);
  });

  test('asks the agent where one runs, and leaves its buses alone', async () => {
    const configuration = readConfiguration(configure(1), profiles);
    mkdirSync(configuration.dataFolder, { recursive: true });
    const socket = await openStatusSocket(configuration.dataFolder, async () => ({ version: 'of tomorrow' }));
    closers.push(() => socket.close());
    const source = await openWatch(configuration, undefined);
    expect(source.kind).toBe('agent');
    await expect(source.view()).rejects.toMatchObject({ code: 'silent' });
  });
});

const view: WatchView = {
  latest: [
    {
      device: 'meter',
      point: 'power',
      name: 'Power',
      value: null,
      unit: 'W',
      flag: 9,
      reason: 'bus',
      time: 1000,
      fault: 'illegal data address (2)',
    },
  ],
  buses: [
    {
      key: 'line',
      load: 0.2,
      units: [
        {
          device: 'meter',
          breaker: 'closed',
          ok: 5,
          timeouts: 0,
          checksumErrors: 0,
          frameErrors: 0,
          exceptions: 4,
          lateReplies: 0,
          echoes: 0,
          turnaroundMs: 12.4,
          holes: 1,
        },
      ],
    },
  ],
};

test('a view tells what its last faults mean', () => {
  expect(viewHints(view).map(({ code }) => code)).toEqual(['map']);
  const drawn = renderWatch(view, undefined, 4000);
  expect(drawn).toMatch(/meter\/power +– +W +missing: illegal data address \(2\) +3 s/);
  expect(drawn).toMatch(/meter +line +5 +0 +0 +0 +4 +0 +12 ms/);
  expect(drawn).toContain('! meter on line: refuses registers');
});

test('a terminal draws over what it drew, and cuts what would run over', () => {
  let written = '';
  const stream = Object.assign(Object.create(process.stderr), {
    isTTY: true,
    columns: 10,
    write: (text: string) => {
      written += text;
      return true;
    },
  });
  const terminal = createTerminal(stream);
  terminal.replace('one\na line that is too long');
  terminal.replace('two');
  expect(written).toBe('one\na line th\r\u001b[1A\u001b[Jtwo');
});

describe('bytes in every order', () => {
  test('of a frame, with what falls into the ranges of a profile marked', () => {
    const { output, text } = collect();
    const hex = ['01', '04', '04', '43', '66', '33', '34', '1B', '38'];
    expect(decodeCommand({ hex, profile: 'eastron/sdm630-v2', profiles, json: false }, output)).toBe(
      EXIT.done,
    );
    expect(text()).toContain(
      'Modbus RTU reply, unit 1, function 4 (read input registers): 2 registers; CRC holds',
    );
    expect(text()).toMatch(/ABCD +1130771252 +1130771252 +\*230\.2 \(voltage_l1/);
    expect(text()).not.toMatch(/\*\d+ +\*/);
  });

  test('are refused where they are no bytes', () => {
    const { output } = collect();
    const decode = (...hex: readonly string[]) =>
      decodeCommand({ hex, profile: undefined, profiles, json: false }, output);
    expect(() => decode('43', '6x')).toThrow(/hexadecimal/);
    expect(() => decode('43 66 33')).toThrow(/no whole registers, and no frame/);
  });

  test('of each point that is read, with the right one marked', async () => {
    const config = configure(await serve('seed=1'));
    const { output, text } = collect();
    const options = { config, profiles, device: 'water', json: false, allOrders: true };
    expect(await readCommand(options, output, always())).toBe(EXIT.done);
    expect(text()).toContain('water/flow at 7 on line (holding 2, read as float32 CDAB)');
    expect(text()).toMatch(/CDAB .* \*[\d.]+ \(flow\)/);
  });
});
