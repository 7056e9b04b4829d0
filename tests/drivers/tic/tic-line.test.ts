import { afterEach, describe, expect, test } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import type { Bus, BusDeps, BusSettings, Endpoint } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator, type Simulator } from '../../../drivers/simulator/start-simulator.js';
import { createTic } from '../../../drivers/tic/tic.js';
import { ticFrame } from '../../../drivers/tic/simulator/tic-server.js';
import { always, busDeps } from '../../support/modbus.js';
import { eventually } from '../../support/eventually.js';

const profile = loadProfile([packagedProfiles], 'enedis/linky-standard-single-phase');
const [energy, power, clock] = ['energy', 'apparent_power', 'clock'].map((key) =>
  profile.points.find((point) => point.key === key),
);
const points = [energy, power, clock].filter((point) => point !== undefined);
const ADDRESS = '041876097767';
const NOW = Date.UTC(2026, 0, 15, 10);
/** Values that a test knows. */
const values = ({ key }: { readonly key: string }): number => (key === 'energy' ? 1_234_567 : 0);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

const simulate = async (faults = {}): Promise<Simulator> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'auto',
    units: [{ address: ADDRESS, profile, seed: 1, values }],
    now: () => NOW,
    faults,
  });
  open.push(simulator);
  return simulator;
};

const settings = (endpoint: Endpoint, timeoutMs = 15_000): BusSettings => ({
  key: 'meter',
  endpoint,
  framing: 'auto',
  timeoutMs,
  latenessMs: timeoutMs,
  pauseMs: 0,
});
const tcp = (port: number): Endpoint => ({ type: 'tcp', host: '127.0.0.1', port });
const serial: Endpoint = {
  type: 'serial',
  path: 'in-process',
  baudRate: 9600,
  dataBits: 7,
  parity: 'even',
  stopBits: 1,
};

const follow = (bus: Bus): Bus => {
  open.push(bus);
  return bus;
};
const read = (bus: Bus, address = ''): Promise<readonly Sample[]> =>
  bus.read({ unit: { address, maxRegisters: 1 }, points }, always());

describe('a line with a meter', () => {
  test('gives what the meter says, with its own time', async () => {
    const bus = follow(createTic().openBus(settings(tcp((await simulate()).port)), busDeps));
    for (const address of ['', ADDRESS]) {
      const [index, , sound] = await read(bus, address);
      expect(index).toMatchObject({ value: 1_234_567, deviceTime: NOW, deviceClock: 'sound' });
      expect(sound?.value).toBe(0);
    }
    expect(bus.counters()).toMatchObject({ requests: 2, ok: 2, timeouts: 0, reconnects: 0 });
    expect(bus.unitCounters(ADDRESS)).toMatchObject({ ok: 1, timeouts: 0 });
  });

  test('believes no other meter than the one that is meant', async () => {
    const bus = follow(createTic().openBus(settings(tcp((await simulate()).port), 4000), busDeps));
    await read(bus);
    const [sample] = await read(bus, '999999999999');
    expect(sample).toMatchObject({ value: null, fault: { code: 'timeout' } });
  });

  test('gives right values or none where characters are damaged and frames come in pieces', async () => {
    const simulator = await simulate({ crcRate: 0.5, strayRate: 0.5, splitRate: 0.5, seed: 7 });
    const bus = follow(createTic().openBus(settings(tcp(simulator.port)), busDeps));
    for (let round = 0; round < 4; round++) {
      const [index] = await read(bus);
      expect([1_234_567, null]).toContain(index?.value);
    }
  });

  test('is opened anew when the meter comes back, and says meanwhile that it is not there', async () => {
    const simulator = await simulate();
    const { port } = simulator;
    const bus = follow(createTic().openBus(settings(tcp(port)), busDeps));
    await read(bus);
    await simulator.close();
    await eventually(async () => (await read(bus))[0]?.fault?.code === 'closed', 20_000);
    const again = await startSimulator({
      listen: { host: '127.0.0.1', port },
      framing: 'auto',
      units: [{ address: ADDRESS, profile, seed: 1, values }],
      now: () => NOW,
    });
    open.push(again);
    await eventually(async () => (await read(bus))[0]?.value === 1_234_567, 30_000);
    expect(bus.counters().reconnects).toBeGreaterThan(0);
  });

  test('is left at once by a read that is aborted, and by a bus that is closed', async () => {
    const simulator = await simulate({ silentUnits: [ADDRESS] });
    const bus = follow(createTic().openBus(settings(tcp(simulator.port), 600_000), busDeps));
    const stop = new AbortController();
    const aborted = bus.read({ unit: { address: '', maxRegisters: 1 }, points }, stop.signal);
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const closed = read(bus);
    await bus.close();
    expect((await closed)[0]?.fault?.code).toBe('closed');
  });
});

/** A serial port on which a meter speaks at one speed; at others there is garbage. */
const portWithMeter = (speed: number) => {
  const opened: number[] = [];
  const frame = ticFrame({ address: ADDRESS, profile, values }, NOW);
  const openChannel: BusDeps['openChannel'] = (endpoint) => {
    if (endpoint.type !== 'serial') throw new Error('no serial port');
    opened.push(endpoint.baudRate);
    const right = endpoint.baudRate === speed;
    let timer: NodeJS.Timeout | undefined;
    return Promise.resolve({
      write: () => Promise.resolve(),
      onData: (listener) => {
        clearInterval(timer);
        timer = setInterval(() => listener(right ? frame : frame.map((byte) => (byte * 7) & 0x7f)), 20);
      },
      onClose: () => {},
      close: () => {
        clearInterval(timer);
        return Promise.resolve();
      },
    });
  };
  return { opened, openChannel };
};

/** Waits of a search are cut short, so that the test does not take as long as a technician would. */
const delay = (ms: number, signal?: AbortSignal): Promise<void> => busDeps.delay(Math.min(ms, 500), signal);

test('the speed of a line is found by listening', async () => {
  const { opened, openChannel } = portWithMeter(1200);
  const bus = follow(createTic().openBus(settings(serial), { ...busDeps, openChannel, delay }));
  await eventually(async () => (await read(bus))[0]?.value === 1_234_567, 20_000);
  expect(opened.slice(0, 2)).toEqual([9600, 1200]);
});
