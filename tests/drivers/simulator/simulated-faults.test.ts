import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import type { Endpoint } from '../../../drivers/driver.js';
import { crcHolds, withCrc } from '../../../drivers/modbus/crc16.js';
import { parseFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator, type SimulatorSettings } from '../../../drivers/simulator/start-simulator.js';
import { eventually } from '../../support/eventually.js';
import { always, point, profile } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair } from '../../support/serial-pair.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const SOUND = withCrc(Uint8Array.of(1, 3, 2, 0, 42));
const REQUEST = withCrc(Uint8Array.of(1, 3, 0, 0, 0, 1));

const simulate = (faults: string, listen: SimulatorSettings['listen'], framing: 'rtu' | 'ascii' = 'rtu') =>
  startSimulator({
    listen,
    framing,
    units: [{ address: '1', profile: profile([point('a', {})]), seed: 1, values: () => 42 }],
    now: () => 0,
    faults: faults === '' ? {} : parseFaults(faults),
  });

/** What comes back to one request, byte for byte. */
const ask = async (endpoint: Endpoint, request: Uint8Array, bytes: number) => {
  const channel = await openChannel(endpoint, always());
  closers.push(() => channel.close());
  const heard: number[] = [];
  channel.onData((part) => heard.push(...part));
  await channel.write(request);
  await eventually(() => heard.length >= bytes, 5000);
  return Uint8Array.from(heard);
};

const askOverTcp = async (faults: string, bytes = SOUND.length) => {
  const simulator = await simulate(faults, { host: '127.0.0.1', port: 0 });
  closers.push(() => simulator.close());
  return ask({ type: 'tcp', host: '127.0.0.1', port: simulator.port }, REQUEST, bytes);
};

describe('a simulated fault is what it says, byte for byte', () => {
  test('none', async () => expect(await askOverTcp('')).toEqual(SOUND));

  test('crc damages the frame', async () => {
    const reply = await askOverTcp('crc=100%');
    expect(reply).toHaveLength(SOUND.length);
    expect(crcHolds(reply)).toBe(false);
  });

  test('stray puts a byte before the reply', async () =>
    expect((await askOverTcp('stray=100%', SOUND.length + 1)).subarray(1)).toEqual(SOUND));

  test("wrong-unit bears the next unit's address, soundly", async () => {
    const reply = await askOverTcp('wrong-unit=100%');
    expect(reply[0]).toBe(2);
    expect(crcHolds(reply)).toBe(true);
  });

  test('split loses nothing', async () => expect(await askOverTcp('split=100%')).toEqual(SOUND));

  test('double answers twice', async () =>
    expect(await askOverTcp('double=1', 2 * SOUND.length)).toEqual(Uint8Array.from([...SOUND, ...SOUND])));

  test('echo gives back the request first', async () =>
    expect(await askOverTcp('echo', REQUEST.length + SOUND.length)).toEqual(
      Uint8Array.from([...REQUEST, ...SOUND]),
    ));
});

describe.runIf(programAvailable('socat'))('on a serial port', () => {
  test.each(['rtu', 'ascii'] as const)('a unit answers in %s', async (framing) => {
    const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const pair = await plugSerialPair(folder);
    closers.push(() => pair.pull());
    const line = { type: 'serial', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
    const simulator = await simulate('', { ...line, path: pair.paths[0] }, framing);
    closers.push(() => simulator.close());
    const ascii = framing === 'ascii';
    const request = ascii ? Uint8Array.from(Buffer.from(':010300000001FB\r\n')) : REQUEST;
    const reply = await ask({ ...line, path: pair.paths[1] }, request, ascii ? 15 : SOUND.length);
    if (ascii) expect(Buffer.from(reply).toString()).toBe(':010302002AD0\r\n');
    else expect(reply).toEqual(SOUND);
  });
});
