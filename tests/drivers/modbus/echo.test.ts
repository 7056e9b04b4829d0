import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createEchoFilter } from '../../../drivers/modbus/echo-filter.js';
import { withCrc } from '../../../drivers/modbus/crc16.js';
import { createRtuFraming } from '../../../drivers/modbus/rtu-framing.js';
import type { ModbusBus } from '../../../drivers/modbus/modbus-bus.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { always, busDeps, point, tcpBus } from '../../support/modbus.js';
import { startRtuPeer } from '../../support/modbus-peer.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A unit of one register, which takes what is written to it, or only says so. */
const openLine = async (echoes: boolean, obeys: 'obeys' | 'ignores' | 'silent'): Promise<ModbusBus> => {
  let held = [0, 5];
  const answer = (request: Uint8Array): readonly number[] | undefined => {
    if (request[1] === 3) return [1, 3, 2, ...held];
    if (request[1] !== 6) return [1, (request[1] ?? 0) | 0x80, 1];
    if (obeys === 'obeys') held = Array.from(request.slice(4, 6));
    return obeys === 'silent' ? undefined : [...request];
  };
  const peer = await startRtuPeer(answer, { echoes });
  closers.push(() => peer.close());
  const bus = createModbus().openBus(
    tcpBus(peer.port, { framing: 'rtu', timeoutMs: 1000, latenessMs: 150 }),
    busDeps,
  );
  closers.push(() => bus.close());
  return bus;
};

const unit = { address: '1', maxRegisters: 125 };
const level = point('level', { address: 4 }, { writable: { min: 0, max: 100 } });

describe('on an adapter that hears itself', () => {
  test('values are those of the unit, and each echo is counted and dropped', async () => {
    const bus = await openLine(true, 'obeys');
    for (let time = 0; time < 3; time++) {
      const [sample] = await bus.read({ unit, points: [level] }, always());
      expect(sample).toMatchObject({ value: 5 });
    }
    expect(bus.counters()).toMatchObject({ ok: 3, echoes: 3, timeouts: 0, checksumErrors: 0 });
  });

  test('the echo of a write is not taken for its confirmation', async () => {
    const bus = await openLine(true, 'silent');
    const result = await bus.write({ unit, point: level, value: 9 }, always());
    expect(result).toMatchObject({ outcome: 'failed', fault: { code: 'timeout' }, after: { value: 5 } });
  });

  test('a write is confirmed by its own reply', async () => {
    const bus = await openLine(true, 'obeys');
    const result = await bus.write({ unit, point: level, value: 9 }, always());
    expect(result).toMatchObject({ outcome: 'written', before: { value: 5 }, after: { value: 9 } });
    expect(bus.counters().echoes).toBe(3);
  });
});

describe('on an adapter that does not', () => {
  test('a reply that is its request byte for byte is a reply', async () => {
    const bus = await openLine(false, 'obeys');
    const result = await bus.write({ unit, point: level, value: 9 }, always());
    expect(result).toMatchObject({ outcome: 'written', after: { value: 9 } });
    expect(bus.counters().echoes).toBe(0);
  });

  test('a device that says yes and does nothing is found out', async () => {
    const bus = await openLine(false, 'ignores');
    const result = await bus.write({ unit, point: level, value: 9 }, always());
    expect(result).toMatchObject({ outcome: 'differs', after: { value: 5 } });
  });
});

test('however an echo and its reply are cut, the reply comes out whole', () => {
  const request = withCrc(Uint8Array.of(1, 3, 0, 4, 0, 1));
  const reply = withCrc(Uint8Array.of(1, 3, 2, 0x12, 0x34));
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 15 }), (echoes, cuts) => {
      const framing = createEchoFilter(createRtuFraming(9600));
      framing.send(request, { unit: 1, function: 3, dataBytes: 2 });
      let rest = Uint8Array.from([...(echoes ? request : []), ...reply]);
      const arrivals = cuts.flatMap((cut) => {
        const part = rest.subarray(0, cut);
        rest = rest.subarray(cut);
        return part.length === 0 ? [] : framing.receive(part);
      });
      expect(arrivals).toEqual([{ kind: 'reply', frame: reply }]);
      expect(framing.echoes).toBe(echoes ? 1 : 0);
    }),
  );
});
