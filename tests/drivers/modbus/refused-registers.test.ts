import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bus } from '../../../drivers/driver.js';
import { withCrc } from '../../../drivers/modbus/crc16.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { always, point } from '../../support/modbus.js';
import { createPacedLine, JumpingClock, registersReply, type SeenRequest } from '../../support/paced-line.js';

const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;

interface Device {
  readonly holes: ReadonlySet<number>;
  readonly most: number;
}

const answer = ({ holes, most }: Device, request: SeenRequest): Uint8Array => {
  const { unit, function: code, address, count } = request;
  const asked = Array.from({ length: count }, (_, place) => address + place);
  if (count > most) return withCrc(Uint8Array.of(unit, code | 0x80, ILLEGAL_VALUE));
  if (asked.some((register) => holes.has(register)))
    return withCrc(Uint8Array.of(unit, code | 0x80, ILLEGAL_ADDRESS));
  return registersReply(
    request,
    Uint8Array.from(asked.flatMap((register) => [register >> 8, register & 0xff])),
  );
};

const openBus = (device: Device) => {
  const clock = new JumpingClock();
  const requests: SeenRequest[] = [];
  const line = createPacedLine({
    characterMs: 1,
    turnaroundMs: 20,
    clock,
    answer: (request) => {
      requests.push(request);
      return { frame: answer(device, request) };
    },
  });
  const bus = createModbus().openBus(
    {
      key: 'line',
      endpoint: { type: 'serial', path: 'x', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
      framing: 'rtu',
      timeoutMs: 1000,
      latenessMs: 1000,
      pauseMs: 0,
    },
    { openChannel: () => Promise.resolve(line), now: () => clock.now(), delay: clock.delay },
  );
  return { bus, clock, requests };
};

const unit = { address: '1', maxRegisters: 125 };
const registers = (addresses: readonly number[]) =>
  addresses.map((address) => point(`r${address}`, { address }));
const values = async (bus: Bus, addresses: readonly number[]) =>
  (await bus.read({ unit, points: registers(addresses) }, always())).map(({ value }) => value);

test('a refused gap is found once, and read around from then on', async () => {
  const { bus, clock, requests } = openBus({ holes: new Set([4]), most: 125 });
  const asked = [0, 2, 6, 8];
  expect(await clock.runUntil(values(bus, asked))).toEqual(asked);
  expect(requests.map(({ address, count }) => [address, count])).toEqual([
    [0, 9],
    [0, 3],
    [6, 3],
  ]);
  expect(await clock.runUntil(values(bus, asked))).toEqual(asked);
  expect(requests).toHaveLength(5);
  expect(bus.unitCounters('1')).toMatchObject({ exceptions: 1, ok: 4, holes: 1 });
});

test('a device that bears fewer registers than its profile says is asked for fewer', async () => {
  const { bus, clock, requests } = openBus({ holes: new Set(), most: 20 });
  const asked = Array.from({ length: 60 }, (_, address) => address);
  expect(await clock.runUntil(values(bus, asked))).toEqual(asked);
  const before = requests.length;
  expect(await clock.runUntil(values(bus, asked))).toEqual(asked);
  expect(requests.slice(before).every(({ count }) => count <= 20)).toBe(true);
  expect(requests.length - before).toBeLessThanOrEqual(4);
});

test('no refused register costs another point its value, whatever a device refuses', async () => {
  const addresses = fc.uniqueArray(fc.nat(80), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(addresses, fc.uniqueArray(fc.nat(80), { maxLength: 8 }), async (asked, refused) => {
      const holes = new Set(refused);
      const { bus, clock, requests } = openBus({ holes, most: 125 });
      const expected = asked.map((address) => (holes.has(address) ? null : address));
      for (let poll = 0; poll < 12; poll++)
        expect(await clock.runUntil(values(bus, asked))).toEqual(expected);
      const before = requests.length;
      expect(await clock.runUntil(values(bus, asked))).toEqual(expected);
      const again = requests.slice(before);
      const refusedAgain = again.filter(({ address, count }) =>
        refused.some((hole) => address <= hole && hole < address + count),
      );
      // By now each refused request is one for a point that is itself refused.
      expect(refusedAgain.length).toBe(asked.filter((address) => holes.has(address)).length);
    }),
    { numRuns: 60 },
  );
});

test('a unit that falls silent is not waited for more than twice in one read', async () => {
  let silent = false;
  const clock = new JumpingClock();
  let requests = 0;
  const line = createPacedLine({
    characterMs: 1,
    turnaroundMs: 20,
    clock,
    answer: (request) => {
      requests++;
      return silent ? undefined : { frame: answer({ holes: new Set(), most: 125 }, request) };
    },
  });
  const bus = createModbus().openBus(
    {
      key: 'line',
      endpoint: { type: 'serial', path: 'x', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
      framing: 'rtu',
      timeoutMs: 1000,
      latenessMs: 1000,
      pauseMs: 0,
    },
    { openChannel: () => Promise.resolve(line), now: () => clock.now(), delay: clock.delay },
  );
  const far = [0, 200, 400, 600, 800];
  for (let poll = 0; poll < 2; poll++) expect(await clock.runUntil(values(bus, far))).toEqual(far);
  silent = true;
  const before = { requests, at: clock.now() };
  const samples = await clock.runUntil(bus.read({ unit, points: registers(far) }, always()));
  expect(requests - before.requests).toBe(2);
  expect(samples.map(({ fault }) => fault?.code)).toEqual(far.map(() => 'timeout'));
  // The timeout was learned from the replies: two of them take less than two of those configured.
  expect(clock.now() - before.at).toBeLessThan(1700);
});
