import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UnitSettings } from '../../../drivers/driver.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import type { ProfileIdentity } from '../../../drivers/profile.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { eventually } from '../../support/eventually.js';
import { always, busDeps, point, profile, register, tcpBus } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair, type SerialPair } from '../../support/serial-pair.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const level = point('level', { address: 4 }, { writable: { min: 0, max: 100 } });
const model = (value: number | string): ProfileIdentity => ({
  registers: [{ register: register({ address: 90 }), values: [value] }],
});
const meant: UnitSettings = { address: '1', maxRegisters: 125, identity: model(33) };

const unitOf = (identity: ProfileIdentity, value: number) => ({
  address: '1',
  profile: { ...profile([level]), identity },
  seed: 1,
  values: () => value,
});

const overTcp = async (identity: ProfileIdentity) => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'tcp',
    units: [unitOf(identity, 5)],
    now: () => 0,
  });
  closers.push(() => simulator.close());
  const bus = createModbus().openBus(tcpBus(simulator.port), busDeps);
  closers.push(() => bus.close());
  return bus;
};

describe('a device that its profile can tell', () => {
  test('is asked who it is once for each opening, and then believed', async () => {
    const bus = await overTcp(model(33));
    for (let time = 0; time < 3; time++)
      expect(await bus.read({ unit: meant, points: [level] }, always())).toMatchObject([{ value: 5 }]);
    expect(bus.counters().requests).toBe(4);
  });

  test('gives faults that say so where another stands in its place, and nothing is written to that', async () => {
    const bus = await overTcp(model(12));
    const detail = 'another device answers at address 1: holding 90 says 12, not 33';
    const fault = { code: 'identity', detail };
    expect(await bus.read({ unit: meant, points: [level] }, always())).toMatchObject([
      { value: null, fault },
    ]);
    const result = await bus.write({ unit: meant, point: level, value: 9 }, always());
    expect(result).toMatchObject({ outcome: 'failed', fault });
    expect(result.after).toBe(undefined);
    const sent = bus.counters().requests;
    expect(await bus.readFile(meant, { file: 4, record: 1, count: 2 }, always())).toMatchObject({ fault });
    expect(await bus.diagnose(meant, always())).toMatchObject({ fault });
    // It was asked who it is, and nothing else.
    expect(bus.counters().requests).toBe(sent + 2);
  });

  test('may be told by the texts of its identification', async () => {
    const told: ProfileIdentity = { registers: [], device: { vendor: 'Acme', product: 'T1' } };
    const bus = await overTcp({ registers: [], device: { vendor: 'ACME Metering', product: 'T100' } });
    const read = (identity: ProfileIdentity, address = '1') =>
      bus.read({ unit: { ...meant, identity, address }, points: [level] }, always());
    expect(await read({ ...told, device: { vendor: 'Other' } })).toMatchObject([
      { fault: { code: 'identity', detail: expect.stringContaining('it says it is ACME Metering T100') } },
    ]);
    expect(await read(told)).toMatchObject([{ value: 5 }]);
  });
});

const endpoint = (path: string) =>
  ({ type: 'serial', path, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 }) as const;

describe.skipIf(!programAvailable('socat'))('a port under its stable name', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ports-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Plugs an adapter in, with one unit behind it: the stable name leads to whatever port it got. */
  const plug = async (stable: string, identity: ProfileIdentity, value: number): Promise<SerialPair> => {
    const pair = await plugSerialPair(mkdtempSync(join(folder, 'adapter-')));
    const simulator = await startSimulator({
      listen: endpoint(pair.paths[1]),
      framing: 'rtu',
      units: [unitOf(identity, value)],
      now: () => 0,
    });
    closers.push(
      () => simulator.close(),
      () => pair.pull(),
    );
    symlinkSync(pair.paths[0], `${stable}.new`);
    renameSync(`${stable}.new`, stable);
    return pair;
  };

  test('is read again after a replug, without a restart, but not another adapter that came to the name', async () => {
    const stable = join(folder, 'by-path');
    const settings = { framing: 'rtu', endpoint: endpoint(stable), timeoutMs: 400, latenessMs: 400 };
    const bus = createModbus().openBus(tcpBus(0, settings), busDeps);
    closers.push(() => bus.close());
    const seen: unknown[] = [];
    const read = async () => {
      const [sample] = await bus.read({ unit: meant, points: [level] }, always());
      seen.push(sample?.value);
      return sample;
    };
    const first = await plug(stable, model(33), 5);
    await eventually(async () => (await read())?.value === 5, 5000);
    await first.pull();
    expect((await read())?.value).toBe(null);
    const modem = await plug(stable, model(12), 999);
    await eventually(async () => (await read())?.fault?.code === 'identity', 10_000);
    await modem.pull();
    await plug(stable, model(33), 6);
    await eventually(async () => (await read())?.value === 6, 10_000);
    expect(new Set(seen)).toEqual(new Set([5, null, 6]));
  });
});
