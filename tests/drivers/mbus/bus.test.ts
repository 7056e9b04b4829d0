import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { selectionData } from '../../../drivers/mbus/address.js';
import { encodeLong, encodeShort } from '../../../drivers/mbus/link/frame.js';
import { always } from '../../support/modbus.js';
import { chatty, heatMeter, openBus, read, simulate, unitOf, valueOf } from './support.js';

const ACK = 0xe5;

/** A device that says what a test wants to each piece of a request. */
const listen = async (serve: (request: Uint8Array, socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => serve(bytes, socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const HEADER = [0x78, 0x56, 0x34, 0x12, 0xb2, 0x50, 1, 4, 0, 0, 0, 0];
const volume = (litres: number): readonly number[] => [0x02, 0x13, litres & 0xff, litres >> 8];
const reply = (address: number, ...records: readonly number[]): Uint8Array =>
  encodeLong(0x08, address, 0x72, Uint8Array.of(...HEADER, ...records));

it('reads every field of a device at its primary address', async () => {
  const profile = heatMeter();
  const bus = openBus(await simulate({ 5: profile }));
  const samples = await read(bus, profile, '5');
  expect(samples.map(({ fault }) => fault)).toEqual(profile.points.map(() => undefined));
  expect(samples.every(({ raw }) => raw.length > 0)).toBe(true);
  expect(valueOf(samples, 'energy')).toBeGreaterThan(0);
  expect(valueOf(samples, 'flow')).toBeGreaterThan(10);
  expect(valueOf(samples, 'number')).toBe('SIM-1');
  expect(bus.counters()).toMatchObject({ ok: 2, timeouts: 0 });
  expect(bus.unitCounters('5')?.ok).toBe(2);
});

it('collects all telegrams of a readout by toggling the frame count bit, every time from the first', async () => {
  const profile = chatty(100);
  const bus = openBus(await simulate({ 7: profile }));
  for (let round = 0; round < 2; round++) {
    const samples = await read(bus, profile, '7');
    expect(samples.filter(({ fault }) => fault !== undefined)).toEqual([]);
  }
  expect(bus.counters().requests).toBeGreaterThan(6);
});

it('selects devices by their secondary addresses, whatever their primary one', async () => {
  const profile = heatMeter();
  const bus = openBus(await simulate({ '12345678': profile, '12345679.TER.01.04': profile }), {
    timeoutMs: 2000,
  });
  for (const address of ['12345679', '12345678.TER.*.04']) {
    const samples = await read(bus, profile, address);
    expect(samples.every(({ fault }) => fault === undefined)).toBe(true);
  }
});

it('begins with the first telegram of a selected device whose readout somebody broke off, and every time again', async () => {
  const profile = chatty(60);
  const port = await simulate({ '12345678': profile });
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const ask = async (request: Uint8Array): Promise<void> => {
    const answered = once(socket, 'data');
    socket.write(request);
    await answered;
  };
  await ask(encodeLong(0x53, 253, 0x52, selectionData({ identification: '12345678' })));
  // With the frame count bit 0: a readout that begins with 1 goes on behind it.
  await ask(encodeShort(0x5b, 253));
  socket.destroy();
  const bus = openBus(port, { timeoutMs: 2000 });
  for (let round = 0; round < 2; round++) {
    const samples = await read(bus, profile, '12345678');
    expect(samples.filter(({ fault }) => fault !== undefined)).toEqual([]);
  }
});

it('tells devices with the same identification apart by their fabrication numbers', async () => {
  const profile = heatMeter();
  const bus = openBus(await simulate({ '11111111/00000001': profile, '11111111/00000002': profile }), {
    timeoutMs: 2000,
  });
  const [first, second] = [
    await read(bus, profile, '11111111/00000001'),
    await read(bus, profile, '11111111/00000002'),
  ];
  expect([valueOf(first, 'number'), valueOf(second, 'number')]).toEqual(['SIM-1', 'SIM-2']);
});

it('says of a device that does not answer a selection that it does not', async () => {
  const profile = heatMeter();
  const bus = openBus(await simulate({ 1: profile }), { timeoutMs: 100 });
  const [sample] = await read(bus, profile, '99999999');
  expect(sample?.fault).toMatchObject({ code: 'timeout', detail: expect.stringContaining('selection') });
  expect(bus.unitCounters('99999999')?.timeouts).toBe(2);
});

it('does not take a device of another maker for the one that is meant', async () => {
  const bus = openBus(await simulate({ 1: heatMeter('ABC') }));
  const [sample] = await read(bus, heatMeter('XYZ'), '1');
  expect(sample).toMatchObject({ value: null, fault: { code: 'identity' } });
});

it('reads through an adapter that echoes, splits and puts noise before replies', async () => {
  const profile = heatMeter();
  const port = await simulate({ 3: profile }, { echo: true, splitRate: 1, strayRate: 1 });
  const bus = openBus(port);
  const samples = await read(bus, profile, '3');
  expect(samples.every(({ fault }) => fault === undefined)).toBe(true);
  expect(bus.counters().echoes).toBe(2);
});

it('asks again with the same frame count bit where a reply is damaged, and says checksum where it stays so', async () => {
  const profile = heatMeter();
  const bus = openBus(await simulate({ 3: profile }, { crcRate: 1 }), { timeoutMs: 500 });
  const [sample] = await read(bus, profile, '3');
  expect(sample?.fault?.code).toBe('checksum');
  expect(bus.counters().checksumErrors).toBeGreaterThan(0);
});

it('refuses the reply of a neighbour', async () => {
  const port = await listen((request, socket) =>
    socket.write(request[1] === 0x40 ? Uint8Array.of(ACK) : reply(9, ...volume(5))),
  );
  const [sample] = await read(openBus(port), chatty(1), '8');
  expect(sample?.fault).toMatchObject({ code: 'frame', detail: expect.stringContaining('address 9') });
});

it('reads a device that does not acknowledge', async () => {
  const port = await listen((request, socket) => {
    if (request[1] !== 0x40) socket.write(reply(1, 0x42, 0x13, 5, 0));
  });
  const samples = await read(openBus(port, { timeoutMs: 1000 }), chatty(1), '1');
  expect(valueOf(samples, 'p0')).toBe(0.005);
});

it('ends a readout of a device that always says that more follows', async () => {
  let asked = 0;
  const port = await listen((request, socket) => {
    if (request[1] === 0x40) return void socket.write(Uint8Array.of(ACK));
    asked++;
    socket.write(reply(1, 0x42, 0x13, asked, 0, 0x1f));
  });
  const samples = await read(openBus(port), chatty(1), '1');
  expect(valueOf(samples, 'p0')).toBe(0.001);
  expect(asked).toBe(32);
});

it('names the error that a device reports in place of data', async () => {
  const port = await listen((request, socket) =>
    socket.write(request[1] === 0x40 ? Uint8Array.of(ACK) : encodeLong(0x08, 1, 0x70, Uint8Array.of(0x08))),
  );
  const bus = openBus(port);
  const [sample] = await read(bus, chatty(1), '1');
  expect(sample?.fault).toEqual({ code: 'exception', detail: 'application too busy to answer' });
  expect(bus.counters().exceptions).toBe(1);
});

it('gives up on noise that never ends', async () => {
  const port = await listen((_, socket) => socket.write(new Uint8Array(64 * 1024).fill(0x55)));
  const [sample] = await read(openBus(port), chatty(1), '1');
  expect(sample?.fault?.code).toBe('frame');
});

it('reads again after the converter dropped the connection', async () => {
  let connections = 0;
  const seen = new Set<Socket>();
  const port = await listen((request, socket) => {
    if (!seen.has(socket)) connections = seen.add(socket).size;
    if (connections === 1) return void socket.destroy();
    socket.write(request[1] === 0x40 ? Uint8Array.of(ACK) : reply(1, 0x42, 0x13, 5, 0));
  });
  const bus = openBus(port);
  const [lost] = await read(bus, chatty(1), '1');
  expect(lost?.fault?.code).toBe('closed');
  await expect
    .poll(async () => valueOf(await read(bus, chatty(1), '1'), 'p0'), { timeout: 20_000 })
    .toBe(0.005);
});

it('never takes a reply that comes late for that of the next device', async () => {
  const late: (() => void)[] = [];
  const port = await listen((request, socket) => {
    const [, control, address = 0] = request;
    if (control === 0x40) return void socket.write(Uint8Array.of(ACK));
    const answer = (): void => void socket.write(reply(address, 0x42, 0x13, address, 0));
    if (address === 1) late.push(answer);
    else answer();
  });
  const bus = openBus(port, { timeoutMs: 300, latenessMs: 1500 });
  const [first] = await read(bus, chatty(1), '1');
  expect(first?.fault?.code).toBe('timeout');
  const second = read(bus, chatty(1), '2');
  for (const answer of late) answer();
  expect(valueOf(await second, 'p0')).toBe(0.002);
  expect(bus.unitCounters('1')?.lateReplies).toBe(1);
});

it('stops at once: a read under way ends with the bus, and one that is aborted rejects', async () => {
  const port = await listen(() => {});
  const profile = chatty(1);
  const bus = openBus(port, { timeoutMs: 60_000 });
  const stop = new AbortController();
  const aborted = bus.read({ unit: unitOf(profile, '1'), points: profile.points }, stop.signal);
  stop.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const under = bus.read({ unit: unitOf(profile, '1'), points: profile.points }, always());
  await bus.close();
  expect((await under)[0]?.fault?.code).toBe('closed');
});
