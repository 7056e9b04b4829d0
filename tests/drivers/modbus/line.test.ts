import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../drivers/channel/channel.js';
import type { Bus, BusDeps, BusSettings } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { withCrc } from '../../../drivers/modbus/crc16.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { buildTcpFrame } from '../../../drivers/modbus/tcp-framing.js';
import { always, busDeps, point, tcpBus } from '../../support/modbus.js';
import { eventually } from '../../support/eventually.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Script = (request: Uint8Array, socket: Socket, nth: number) => void;

/** A peer that does with each request what the test says. */
const startPeer = async (
  script: Script,
  port = 0,
  greet: (socket: Socket, nth: number) => void = () => {},
): Promise<{ port: number; close(): Promise<void> }> => {
  const sockets = new Set<Socket>();
  let nth = 0;
  const server = createServer((socket) => {
    greet(socket, sockets.size);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (request: Uint8Array) => script(request, socket, nth++));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      sockets.forEach((socket) => socket.destroy());
    });
  closers.push(close);
  return { port: address.port, close };
};

const openBus = (
  port: number,
  settings: Partial<BusSettings> = {},
  openChannel: BusDeps['openChannel'] = busDeps.openChannel,
): Bus => {
  const bus = createModbus().openBus(
    tcpBus(port, { framing: 'rtu', timeoutMs: 2000, latenessMs: 200, ...settings }),
    { ...busDeps, openChannel },
  );
  closers.push(() => bus.close());
  return bus;
};

const one = point('one', { address: 4 });
const unit = { address: '1', maxRegisters: 125 };

const readOne = async (bus: Bus, signal = always()): Promise<Sample> => {
  const [sample] = await bus.read({ unit, points: [one] }, signal);
  if (sample === undefined) throw new Error('a point without a sample');
  return sample;
};

const SOUND = withCrc(Uint8Array.of(1, 3, 2, 0x12, 0x34));
const VALUE = 0x1234;

describe('on a serial line', () => {
  test('a reply that comes byte by byte is one reply', async () => {
    const peer = await startPeer((_, socket) => {
      SOUND.forEach((byte, index) => setTimeout(() => socket.write(Uint8Array.of(byte)), 4 * index));
    });
    expect(await readOne(openBus(peer.port))).toMatchObject({ value: VALUE });
  });

  const refused: [string, string, Uint8Array][] = [
    ['of another unit', 'frame', withCrc(Uint8Array.of(2, 3, 2, 0x12, 0x34))],
    ['to another function', 'frame', withCrc(Uint8Array.of(1, 4, 2, 0x12, 0x34))],
    ['of another length', 'frame', withCrc(Uint8Array.of(1, 3, 4, 0x12, 0x34, 0, 0))],
    ['with stray bytes behind', 'frame', Uint8Array.of(...SOUND, 0)],
    ['with a wrong checksum', 'checksum', SOUND.with(3, 0x13)],
    ['that is an exception of another unit', 'frame', withCrc(Uint8Array.of(2, 0x83, 2))],
  ];
  test.each(refused)(
    'a reply %s is a fault, and the next request waits until it is sure',
    async (_, code, bytes) => {
      const asked: number[] = [];
      const peer = await startPeer((_, socket, nth) => {
        asked.push(performance.now());
        socket.write(nth === 0 ? bytes : SOUND);
      });
      const bus = openBus(peer.port);
      expect(await readOne(bus)).toMatchObject({ value: null, fault: { code } });
      expect(await readOne(bus)).toMatchObject({ value: VALUE });
      expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(195);
    },
  );

  test('bytes that nothing asked for make the line suspect', async () => {
    const peer = await startPeer((_, socket, nth) => {
      socket.write(SOUND);
      const stray = withCrc(Uint8Array.of(1, 3, 2, 0xde, 0xad));
      if (nth === 0) setTimeout(() => socket.write(stray), 20);
    });
    let heard = 0;
    const bus = openBus(peer.port, {}, async (endpoint, signal) => {
      const channel = await busDeps.openChannel(endpoint, signal);
      const onData: Channel['onData'] = (take) =>
        channel.onData((bytes) => {
          heard += bytes.length;
          take(bytes);
        });
      return { ...channel, onData };
    });
    expect((await readOne(bus)).value).toBe(VALUE);
    await eventually(() => heard === 2 * SOUND.length, 2000);
    const before = performance.now();
    expect((await readOne(bus)).value).toBe(VALUE);
    expect(performance.now() - before).toBeGreaterThan(100);
  });

  test('a line that is never quiet gives faults, not hangs', async () => {
    const peer = await startPeer((_, socket) => void setInterval(() => socket.write('x'), 10).unref());
    const bus = openBus(peer.port);
    expect((await readOne(bus)).fault?.code).toBe('frame');
    expect(await readOne(bus)).toMatchObject({ value: null, fault: { code: 'frame' } });
  });

  test('a reply owed to the connection before is not taken on the next one', async () => {
    const stale = withCrc(Uint8Array.of(1, 3, 2, 0xde, 0xad));
    const peer = await startPeer(
      (_, socket, nth) => (nth === 0 ? socket.destroy() : setTimeout(() => socket.write(SOUND), 150)),
      0,
      (socket, nth) => nth === 1 && setTimeout(() => socket.write(stale), 100),
    );
    const bus = openBus(peer.port, { latenessMs: 1000 });
    expect((await readOne(bus)).fault?.code).toBe('closed');
    const values: unknown[] = [];
    await eventually(
      async () => values.push((await readOne(bus)).value) > 0 && values.at(-1) === VALUE,
      5000,
    );
    expect(new Set(values)).toEqual(new Set([null, VALUE]));
    expect(bus.counters().reconnects).toBe(1);
  });
});

const reply = (request: Uint8Array, body: readonly number[]) =>
  buildTcpFrame(new DataView(request.buffer, request.byteOffset).getUint16(0), Uint8Array.from(body));

describe('over Modbus TCP', () => {
  test('an exception is a sample that names it', async () => {
    const peer = await startPeer((request, socket) => socket.write(reply(request, [1, 0x83, 4])));
    const bus = openBus(peer.port, { framing: 'tcp' });
    expect(await readOne(bus)).toMatchObject({
      value: null,
      fault: { code: 'exception', detail: 'server device failure (4)' },
    });
    expect(bus.counters()).toMatchObject({ requests: 1, ok: 0, exceptions: 1 });
  });

  test('what is not Modbus TCP is a fault, and a new connection is made', async () => {
    const peer = await startPeer((request, socket, nth) =>
      socket.write(nth === 0 ? 'HTTP/1.1 400 Bad Request\r\n' : reply(request, [1, 3, 2, 0x12, 0x34])),
    );
    const bus = openBus(peer.port, { framing: 'tcp' });
    expect((await readOne(bus)).fault?.code).toBe('frame');
    expect((await readOne(bus)).value).toBe(VALUE);
    expect(bus.counters().reconnects).toBe(1);
  });

  test('a connection on which nothing answers is made anew', async () => {
    const peer = await startPeer((request, socket, nth) => {
      if (nth >= 3) socket.write(reply(request, [1, 3, 2, 0x12, 0x34]));
    });
    const bus = openBus(peer.port, { framing: 'tcp', timeoutMs: 300 });
    for (let time = 0; time < 3; time++) expect((await readOne(bus)).fault?.code).toBe('timeout');
    expect((await readOne(bus)).value).toBe(VALUE);
    expect(bus.counters()).toMatchObject({ timeouts: 3, reconnects: 1 });
  });

  test('a hole among merged registers costs no neighbour', async () => {
    const peer = await startPeer((request, socket) => {
      const [address = 0, count = 0] = [request[9], request[11]];
      const hole = address <= 5 && address + count > 5;
      const data = Array.from({ length: count }, (_, index) => [0, address + index]).flat();
      socket.write(reply(request, hole ? [1, 0x83, 2] : [1, 3, data.length, ...data]));
    });
    const bus = openBus(peer.port, { framing: 'tcp' });
    const points = [4, 5, 6, 20].map((address) => point(`r${address}`, { address }));
    const samples = await bus.read({ unit, points }, always());
    expect(samples.map(({ value }) => value)).toEqual([4, null, 6, 20]);
    expect(samples[1]?.fault).toEqual({ code: 'exception', detail: 'illegal data address (2)' });
    expect(samples[1]?.raw).toHaveLength(0);
  });
});

describe('a bus', () => {
  test('says at once that nothing is there, and finds it when it comes', async () => {
    const before = await startPeer(() => {});
    await before.close();
    const bus = openBus(before.port, { latenessMs: 0 });
    const start = performance.now();
    for (let time = 0; time < 20; time++) expect((await readOne(bus)).fault?.code).toBe('closed');
    // Each would otherwise wait out the pause before the next attempt.
    expect(performance.now() - start).toBeLessThan(5000);
    await startPeer((_, socket) => socket.write(SOUND), before.port);
    await eventually(async () => (await readOne(bus)).value === VALUE, 5000);
  });

  test('answers an unreadable address with samples', async () => {
    const bus = openBus(1);
    const [sample] = await bus.read({ unit: { address: '300', maxRegisters: 1 }, points: [one] }, always());
    expect(sample?.fault).toEqual({ code: 'frame', detail: '"300" is no unit address of Modbus rtu' });
  });

  test('keeps the order of its callers and lets one who gives up go at once', async () => {
    const peer = await startPeer((_, socket) => setTimeout(() => socket.write(SOUND), 20));
    const bus = openBus(peer.port);
    const done: string[] = [];
    const giveUp = new AbortController();
    const reads = [
      readOne(bus).then(() => done.push('first')),
      readOne(bus, giveUp.signal).catch((reason: unknown) => done.push(String(reason))),
      readOne(bus).then(() => done.push('third')),
    ];
    giveUp.abort('changed my mind');
    await Promise.all(reads);
    expect(done).toEqual(['changed my mind', 'first', 'third']);
  });

  test('rejects a read that is aborted under way, and reads on rightly', async () => {
    let asked = 0;
    const peer = await startPeer((_, socket, nth) => {
      asked++;
      setTimeout(() => socket.write(nth === 0 ? withCrc(Uint8Array.of(1, 3, 2, 0xde, 0xad)) : SOUND), 60);
    });
    const bus = openBus(peer.port);
    const abort = new AbortController();
    const read = readOne(bus, abort.signal);
    await eventually(() => asked === 1, 2000);
    abort.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    expect((await readOne(bus)).value).toBe(VALUE);
  });

  test('closes under a read, which ends with samples, and lets go of the connection', async () => {
    let asked = 0;
    let ended = false;
    const peer = await startPeer((_, socket) => {
      asked++;
      socket.once('close', () => (ended = true));
    });
    const bus = openBus(peer.port, { timeoutMs: 20_000 });
    const reads = [readOne(bus), readOne(bus)];
    await eventually(() => asked === 1, 2000);
    await bus.close();
    expect((await Promise.all(reads)).map(({ fault }) => fault?.code)).toEqual(['closed', 'closed']);
    await eventually(() => ended, 2000);
    expect((await readOne(bus)).fault?.code).toBe('closed');
  });

  test('keeps the pause that a device asks for', async () => {
    const asked: number[] = [];
    const peer = await startPeer((_, socket) => {
      asked.push(performance.now());
      socket.write(SOUND);
    });
    const bus = openBus(peer.port, { pauseMs: 80 });
    for (let time = 0; time < 3; time++) await readOne(bus);
    expect((asked[2] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(160);
    expect(bus.counters().load).toBeGreaterThan(0);
  });

  test('refuses settings that do not go together', () => {
    expect(() => createModbus().openBus(tcpBus(1, { framing: 'dnp3' }), busDeps)).toThrow(
      'bus line: framing "dnp3" is unknown (accepted: tcp, rtu, ascii)',
    );
    const serial = {
      type: 'serial',
      path: 'x',
      baudRate: 9600,
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
    } as const;
    expect(() => createModbus().openBus(tcpBus(1, { endpoint: serial }), busDeps)).toThrow(
      'needs a TCP endpoint',
    );
  });
});
