import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSerialChannel } from '../../../drivers/channel/serial-channel.js';
import { hurry, serialTraits } from '../../../drivers/channel/serial-traits.js';
import { createDirectedWrite } from '../../../drivers/channel/direction.js';
import { eventually } from '../../support/eventually.js';
import { always } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair } from '../../support/serial-pair.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sysfs-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A port as the kernel shows it in /sys. */
const sysfsWith = (name: string, driver: string, files: Readonly<Record<string, string>> = {}): string => {
  const device = join(folder, 'sys/class/tty', name, 'device');
  mkdirSync(device, { recursive: true });
  symlinkSync(`../../../bus/drivers/${driver}`, join(device, 'driver'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(device, file), text);
  return join(folder, 'sys');
};

describe('what the kernel tells of a port', () => {
  test("the Pi's mini-UART has no parity, however it is named", () => {
    const sysfs = sysfsWith('ttyS0', 'bcm2835-aux-uart');
    symlinkSync(join(folder, 'ttyS0'), join(folder, 'serial0'));
    writeFileSync(join(folder, 'ttyS0'), '');
    const traits = { name: 'ttyS0', driver: 'bcm2835-aux-uart', hasParity: false };
    expect(serialTraits(join(folder, 'serial0'), sysfs)).toEqual(traits);
  });

  test("the Pi's mini-UART is known behind the devices that newer kernels put before it", () => {
    const chip = join(folder, 'sys/devices/platform/3f215040.serial');
    const port = join(chip, '3f215040.serial:0/3f215040.serial:0.0');
    mkdirSync(port, { recursive: true });
    mkdirSync(join(folder, 'sys/class/tty/ttyS0'), { recursive: true });
    symlinkSync('/bus/platform/drivers/bcm2835-aux-uart', join(chip, 'driver'));
    symlinkSync('/bus/serial-base/drivers/ctrl', join(port, '../driver'));
    symlinkSync('/bus/serial-base/drivers/port', join(port, 'driver'));
    symlinkSync(port, join(folder, 'sys/class/tty/ttyS0/device'));
    const traits = { name: 'ttyS0', driver: 'bcm2835-aux-uart', hasParity: false };
    expect(serialTraits('/dev/ttyS0', join(folder, 'sys'))).toEqual(traits);
  });

  test('the full UART and USB adapters have it', () => {
    expect(serialTraits('/dev/ttyAMA0', sysfsWith('ttyAMA0', 'uart-pl011')).hasParity).toBe(true);
    expect(serialTraits('/dev/none', folder)).toEqual({ name: 'none', hasParity: true });
  });

  test('an adapter that holds bytes back is told to hurry', () => {
    const sysfs = sysfsWith('ttyUSB0', 'ftdi_sio', { latency_timer: '16\n' });
    const traits = serialTraits('/dev/ttyUSB0', sysfs);
    expect(traits.latency?.ms).toBe(16);
    expect(hurry(traits)).toBe(undefined);
    expect(readFileSync(traits.latency?.file ?? '', 'utf8')).toBe('1');
  });

  test('where that is not permitted, people are told how', () => {
    const latency = { ms: 16, file: join(folder, 'no/such/latency_timer') };
    expect(hurry({ name: 'ttyUSB0', hasParity: true, latency })).toMatch(
      /^ttyUSB0 holds each reply back for up to 16 ms; as root: echo 1 > \S+latency_timer /,
    );
  });
});

describe.skipIf(!programAvailable('socat'))('a port that has no parity', () => {
  const endpoint = { type: 'serial', baudRate: 9600, stopBits: 1 } as const;

  test('is refused for eight bits with parity, and says what to do', async () => {
    const sysfs = sysfsWith('ttyS0', 'bcm2835-aux-uart');
    const opening = openSerialChannel(
      { ...endpoint, path: '/dev/ttyS0', dataBits: 8, parity: 'even' },
      always(),
      sysfs,
    );
    await expect(opening).rejects.toMatchObject({
      code: 'unsupported',
      retryable: false,
      message: expect.stringContaining('set the devices to 8N1'),
    });
  });

  test('carries seven bits with parity all the same, made and checked by us', async () => {
    const pair = await plugSerialPair(folder);
    const name = serialTraits(pair.paths[0]).name;
    const sysfs = sysfsWith(name, 'bcm2835-aux-uart');
    const near = await openSerialChannel(
      { ...endpoint, path: pair.paths[0], dataBits: 7, parity: 'even' },
      always(),
      sysfs,
    );
    const far = await openSerialChannel(
      { ...endpoint, path: pair.paths[1], dataBits: 8, parity: 'none' },
      always(),
    );
    const [heardFar, heardNear]: [number[], number[]] = [[], []];
    far.onData((bytes) => heardFar.push(...bytes));
    near.onData((bytes) => heardNear.push(...bytes));
    // 'A' has two ones, 'C' three.
    await near.write(Uint8Array.of(0x41, 0x43));
    await far.write(Uint8Array.of(0x41, 0xc3, 0xc1, 0x43));
    await eventually(() => heardFar.length === 2 && heardNear.length === 4, 2000);
    expect(heardFar).toEqual([0x41, 0xc3]);
    expect(heardNear).toEqual([0x41, 0x43, 0xff, 0xff]);
    await Promise.all([near.close(), far.close()]);
    await pair.pull();
  });
});

test('an adapter that must be turned is turned before the first byte and back after the last, even on failure', async () => {
  const did: string[] = [];
  const write = createDirectedWrite({
    setSending: async (sending) => void did.push(sending ? 'send' : 'hear'),
    delay: async (ms) => void did.push(`wait ${ms}`),
    baudRate: 9600,
  });
  await write(async () => void did.push('bytes'));
  expect(did.splice(0)).toEqual(['send', 'bytes', 'wait 2.5', 'hear']);
  await expect(write(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect(did).toEqual(['send', 'hear']);
});
