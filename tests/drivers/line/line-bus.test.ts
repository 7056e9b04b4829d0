import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import type { Bus, BusSettings, UnitSettings } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { createLine } from '../../../drivers/line/line.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import type { Profile } from '../../../drivers/profile.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps } from '../../support/modbus.js';

const packaged = (id: string): Profile => loadProfile([packagedProfiles], id);

const openBus = (port: number, parts: Partial<BusSettings> = {}): Bus => {
  const endpoint = { type: 'tcp', host: '127.0.0.1', port } as const;
  const settings = { key: 'line', endpoint, framing: 'text', timeoutMs: 5000, latenessMs: 100, pauseMs: 0 };
  const bus = createLine().openBus({ ...settings, ...parts }, busDeps);
  onTestFinished(() => bus.close());
  return bus;
};

const unitOf = ({ section }: Profile, address = ''): UnitSettings => ({ address, maxRegisters: 1, section });

const simulate = async (profile: Profile, faults: Partial<SimulatorFaults> = {}): Promise<number> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'text',
    units: [{ address: '', profile, seed: 7 }],
    now: () => Date.UTC(2026, 10, 21, 12),
    faults,
  });
  onTestFinished(() => simulator.close());
  return simulator.port;
};

/** A device that says what a test wants: on connecting, and on each piece of a command. */
const listen = async (serve: (socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const valueOf = (samples: readonly Sample[], key: string): Sample['value'] =>
  samples.find(({ point }) => point === key)?.value ?? null;

const read = (bus: Bus, profile: Profile, address = ''): Promise<readonly Sample[]> =>
  bus.read({ unit: unitOf(profile, address), points: profile.points }, always());

it('asks a scale, and brings what it shows to the unit of the point', async () => {
  const scale = packaged('mettler-toledo/mt-sics');
  const samples = await read(openBus(await simulate(scale)), scale);
  expect(samples.map(({ fault }) => fault)).toEqual([undefined, undefined]);
  expect(valueOf(samples, 'mass')).toBeGreaterThan(0);
});

it('listens to an instrument that speaks by itself', async () => {
  const wind = packaged('gill/windsonic');
  const samples = await read(openBus(await simulate(wind)), wind);
  expect(samples.every(({ fault }) => fault === undefined)).toBe(true);
  expect(valueOf(samples, 'status')).toBe('00');
});

it('takes a reply in pieces, behind an echo and a stray line', async () => {
  const scale = packaged('mettler-toledo/mt-sics');
  const port = await listen((socket) => {
    socket.on('data', (bytes) => {
      socket.write(bytes);
      socket.write('I4 A "B021002593"\r\nS S  ');
      setTimeout(() => socket.write('   100.00 g\r'), 20);
      setTimeout(() => socket.write('\n'), 40);
    });
  });
  const samples = await read(openBus(port), scale);
  expect(valueOf(samples, 'mass')).toBe(0.1);
});

it('gives what a device refuses as an exception, with its meaning', async () => {
  const scale = packaged('mettler-toledo/mt-sics');
  const port = await listen((socket) => socket.on('data', () => socket.write('S +\r\n')));
  const bus = openBus(port);
  const [sample] = await read(bus, scale);
  expect(sample?.fault).toMatchObject({ code: 'exception' });
  expect(sample?.fault?.detail).toContain('above the range');
  expect(bus.counters().exceptions).toBe(1);
});

it('says what came instead of a reply', async () => {
  const scale = packaged('mettler-toledo/mt-sics');
  const port = await listen((socket) => socket.on('data', () => socket.write('Welcome to CellarOS\r\n')));
  const [sample] = await read(openBus(port, { timeoutMs: 300 }), scale);
  expect(sample?.fault?.code).toBe('decode');
  expect(sample?.fault?.detail).toContain('Welcome to CellarOS');
});

it('takes no line of another device for the asked one', async () => {
  const probe = packaged('vaisala/wxt530-ascii');
  const port = await listen((socket) => {
    socket.on('data', () => socket.write('1R0,Ta=99.0C\r\n0R0,Ta=12.0C\r\n'));
  });
  const samples = await read(openBus(port), probe, '0');
  expect(valueOf(samples, 'air_temperature')).toBe(12);
  expect(samples.find(({ point }) => point === 'wind_speed')?.fault?.detail).toContain('no field sm');
});

it('never believes a damaged line', async () => {
  const wind = packaged('gill/windsonic');
  const [sample] = await read(openBus(await simulate(wind, { crcRate: 1 }), { timeoutMs: 3500 }), wind);
  expect(sample).toMatchObject({ value: null, fault: { code: 'checksum' } });
});

it('survives endless input without an end of line', async () => {
  const wind = packaged('gill/windsonic');
  const port = await listen((socket) => {
    socket.write(Buffer.alloc(300_000, 'x'));
    socket.write('\r\n\x02Q,229,002.74,M,00,\x0316\r\n');
  });
  const samples = await read(openBus(port), wind);
  expect(valueOf(samples, 'wind_speed')).toBe(2.74);
});

it('gives a silent line as a timeout, and a closed one as closed', async () => {
  const scale = packaged('mettler-toledo/mt-sics');
  const silent = await listen(() => {});
  const [waited] = await read(openBus(silent, { timeoutMs: 100 }), scale);
  expect(waited?.fault?.code).toBe('timeout');
  const [closed] = await read(openBus(await listen((socket) => socket.destroy())), scale);
  expect(closed?.fault?.code).toBe('closed');
});

it('counts every vehicle once', async () => {
  const radar = packaged('icoms/tma-296');
  let say: ((text: string) => void) | undefined;
  const port = await listen((socket) => {
    say = (text) => void socket.write(text);
    socket.write('\r\n+040 km/h\r\n');
  });
  const bus = openBus(port);
  expect(valueOf(await read(bus, radar), 'vehicles')).toBe(1);
  say?.('+048 km/h\r\n-031 km/h 012 m\r\n+050 mph\r\n');
  const speeds: Sample['value'][] = [];
  while (speeds.length < 3)
    speeds.push(
      ...(await read(bus, radar))
        .filter(({ point, value }) => point === 'vehicle_speed' && value !== null)
        .map(({ value }) => value),
    );
  expect(speeds).toEqual([48, 31, 80.5]);
});

it('tells a device that must be asked from the line it cannot share', async () => {
  const wind = packaged('gill/windsonic');
  const bus = openBus(await simulate(wind));
  await read(bus, wind);
  const [sample] = await read(bus, packaged('mettler-toledo/mt-sics'));
  expect(sample?.fault?.detail).toContain('a line of its own');
});
