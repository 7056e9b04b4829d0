import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../drivers/channel/channel.js';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { eventually } from '../../support/eventually.js';
import { always, busDeps, point, profile, tcpBus } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair, type SerialPair } from '../../support/serial-pair.js';

const endpoint = (path: string) =>
  ({ type: 'serial', path, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 }) as const;

describe.skipIf(!programAvailable('socat'))('a serial port', () => {
  let folder: string;
  let pair: SerialPair;
  const open: Channel[] = [];
  const openPort = async (index: 0 | 1): Promise<Channel> => {
    const channel = await openChannel(endpoint(pair.paths[index]), always());
    open.push(channel);
    return channel;
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'serial-'));
    pair = await plugSerialPair(folder);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((channel) => channel.close()));
    await pair.pull();
    rmSync(folder, { recursive: true });
  });

  test('carries bytes both ways, and belongs to one program', async () => {
    const [near, far] = [await openPort(0), await openPort(1)];
    const heard: number[] = [];
    far.onData((bytes) => heard.push(...bytes));
    await near.write(Uint8Array.of(0, 17, 19, 255));
    await eventually(() => heard.length === 4, 2000);
    expect(heard).toEqual([0, 17, 19, 255]);
    await expect(openPort(0)).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('that is pulled tells so', async () => {
    const [near, far] = [await openPort(0), await openPort(1)];
    let heard = false;
    let gone = false;
    near.onData(() => (heard = true));
    near.onClose(() => (gone = true));
    await far.write(Uint8Array.of(1));
    await eventually(() => heard, 2000);
    await pair.pull();
    await eventually(() => gone, 3000);
    await expect(near.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'closed' });
  });

  test('that has no RTS line says so where RTS is to turn its adapter', async () => {
    const turned = { ...endpoint(pair.paths[0]), direction: 'rts' } as const;
    await expect(openChannel(turned, always())).rejects.toMatchObject({ code: 'unsupported' });
    await openPort(0);
  });

  test('that does not exist is unreachable', async () => {
    await expect(openChannel(endpoint('/dev/none'), always())).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('carries Modbus RTU, and again after it was pulled and put back', async () => {
    const points = [point('a', { address: 1, type: 'int32', order: 'CDAB' }, { scale: 0.1 })];
    const serve = (path: string) =>
      startSimulator({
        listen: endpoint(path),
        framing: 'rtu',
        units: [{ address: '17', profile: profile(points), seed: 1, values: () => -1234.5 }],
        now: () => 0,
      });
    const settings = { framing: 'rtu', endpoint: endpoint(pair.paths[0]), timeoutMs: 200, latenessMs: 200 };
    const bus = createModbus().openBus(tcpBus(0, settings), busDeps);
    const read = async () => {
      const [sample] = await bus.read({ unit: { address: '17', maxRegisters: 125 }, points }, always());
      return sample?.value;
    };
    const before = await serve(pair.paths[1]);
    await eventually(async () => (await read()) === -1234.5, 3000);
    await pair.pull();
    expect(await read()).toBe(null);
    await before.close();
    pair = await plugSerialPair(folder);
    const after = await serve(pair.paths[1]);
    await eventually(async () => (await read()) === -1234.5, 10_000);
    expect(bus.counters().reconnects).toBeGreaterThanOrEqual(1);
    await bus.close();
    await after.close();
  });
});
