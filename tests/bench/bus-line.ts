import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';
import { BusWorker } from '../../agent/acquisition/bus-worker.js';
import { delay } from '../../agent/clock/timers.js';
import type { ConfiguredDevice, ConfiguredPoint } from '../../agent/twin/configuration.js';
import type { Channel } from '../../drivers/channel/channel.js';
import type { Bus, BusSettings } from '../../drivers/driver.js';
import type { Sample } from '../../drivers/sample.js';
import { createModbus } from '../../drivers/modbus/modbus.js';
import { planReads } from '../../drivers/modbus/plan-reads.js';
import { point } from '../support/modbus.js';
import { deviceOf } from './bus-devices.js';
import { isRegisterPoint, type RegisterMap } from '../../drivers/profile.js';
import { createPacedLine, realClock, registersReply, type SeenRequest } from '../support/paced-line.js';

/** 9600 baud, 8N1. */
const CHARACTER_MS = 10 / 9.6;
const GAP_MS = 3.5 * CHARACTER_MS;
const TURNAROUND_MS = 20;
const UNITS = 20;
/** Registers between points, as in a meter's map: runs of five, few between them, and once too many to read over. */
const GAPS = [0, 0, 0, 0, 2, 0, 0, 0, 0, 6] as const;
const FAR_GAP = 60;
const POINTS_EACH = 40;

const meterPoints = (unit: number, count = POINTS_EACH) => {
  let address = 0;
  return Array.from({ length: count }, (_, index) => {
    const wide = (index + unit) % 3 !== 0;
    const at = address;
    const gap = index === count / 2 ? FAR_GAP : (GAPS[(index + unit) % GAPS.length] ?? 0);
    address += (wide ? 2 : 1) + gap;
    return point(
      `p${index}`,
      wide ? { address: at, type: 'uint32', order: 'ABCD' } : { address: at, type: 'uint16' },
    );
  });
};

const settings: BusSettings = {
  key: 'line',
  endpoint: { type: 'serial', path: 'in-process', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  framing: 'rtu',
  timeoutMs: 1000,
  latenessMs: 1000,
  pauseMs: 0,
};

/** Each register holds its own address, so that any value can be checked. */
const answer = (request: SeenRequest): Uint8Array => {
  const data = new DataView(new ArrayBuffer(2 * request.count));
  for (let place = 0; place < request.count; place++) data.setUint16(2 * place, request.address + place);
  return registersReply(request, new Uint8Array(data.buffer));
};

const openLine = (dead: ReadonlySet<number> = new Set()): Channel =>
  createPacedLine({
    characterMs: CHARACTER_MS,
    turnaroundMs: TURNAROUND_MS,
    clock: realClock,
    answer: (request) => (dead.has(request.unit) ? undefined : { frame: answer(request) }),
  });

const openBus = (line: Channel): Bus =>
  createModbus().openBus(settings, {
    openChannel: () => Promise.resolve(line),
    now: () => performance.now(),
    delay,
  });

const registerOf = (point: ConfiguredPoint['map']): RegisterMap => {
  if (!isRegisterPoint(point)) throw new Error(`${point.key} has no register`);
  return point.register;
};

const expected = (point: ConfiguredPoint['map']): number => {
  const { type, address } = registerOf(point);
  return type === 'uint32' ? address * 65_536 + address + 1 : address;
};

const checkValues = (device: ConfiguredDevice, samples: readonly Sample[]): void => {
  for (const [index, sample] of samples.entries()) {
    const point = device.points.find(({ map }) => map.key === sample.point);
    if (point === undefined || sample.value !== expected(point.map))
      throw new Error(`${device.key}: sample ${index} is ${sample.value}, ${sample.fault?.detail}`);
  }
};

interface Polling {
  readonly worker: BusWorker<void>;
  /** Resolves when so many polls more have ended. */
  readonly polls: (count: number) => Promise<void>;
}

const startPolling = (
  bus: Bus,
  devices: readonly ConfiguredDevice[],
  take: (device: ConfiguredDevice, samples: readonly Sample[]) => void,
): Polling => {
  const ended = new EventEmitter();
  const worker = new BusWorker({
    bus,
    devices,
    now: () => performance.now(),
    delay,
    onSamples: (device, samples) => {
      take(device, samples);
      ended.emit('poll');
    },
    onAsked: take,
    onDriverError: (_, cause) => {
      throw cause;
    },
    onBehind: () => {},
    onBreaker: () => {},
  });
  worker.start();
  return {
    worker,
    polls: (count) =>
      new Promise((resolve) => {
        let left = count;
        const count1 = (): void => {
          if (--left > 0) return;
          ended.off('poll', count1);
          resolve();
        };
        ended.on('poll', count1);
      }),
  };
};

/** Bytes, gaps of 3.5 characters and turnaround of the cheapest plan that the limits allow, ms. */
const cheapestMs = (points: ConfiguredDevice['profile']['points']): number => {
  const costs = {
    requestMs: 13 * CHARACTER_MS + 2 * GAP_MS + TURNAROUND_MS,
    registerMs: 2 * CHARACTER_MS,
  };
  return planReads(points.filter(isRegisterPoint), { maxRegisters: 125, costs }).reduce(
    (sum, { count }) => sum + costs.requestMs + count * costs.registerMs,
    0,
  );
};

const CYCLES = 3;

/** Real time of whole cycles over all units, after one to get to know them. */
const measurePolling = async (devices: readonly ConfiguredDevice[]): Promise<number> => {
  const bus = openBus(openLine());
  const { worker, polls } = startPolling(bus, devices, checkValues);
  await polls(devices.length);
  const start = performance.now();
  await polls(CYCLES * devices.length);
  const ms = (performance.now() - start) / CYCLES;
  await worker.stop();
  await bus.close();
  return ms;
};

/** The port of modbus-serial on our line: hands over whole frames, as its own buffered ports do. */
class BarePort extends EventEmitter {
  readonly isOpen = true;
  readonly #line: Channel;
  #held = Buffer.alloc(0);
  #length = 0;

  constructor(line: Channel) {
    super();
    this.#line = line;
    line.onData((bytes) => {
      this.#held = Buffer.concat([this.#held, bytes]);
      if (this.#held.length >= this.#length) this.emit('data', this.#held);
    });
  }

  open(callback: (error: null) => void): void {
    callback(null);
  }

  write(frame: Buffer): void {
    this.#held = Buffer.alloc(0);
    this.#length = 5 + 2 * frame.readUInt16BE(4);
    void this.#line.write(frame);
  }
}

/** modbus-serial by itself, one request a point, one after the other: real time of one cycle over all units. */
const measureBare = async (devices: readonly ConfiguredDevice[]): Promise<number> => {
  const client = new modbusSerial.default(new BarePort(openLine()));
  client.open();
  client.setTimeout(1000);
  const start = performance.now();
  for (const device of devices) {
    client.setID(Number(device.address));
    for (const { map } of device.points) {
      const { address, type } = registerOf(map);
      const { data } = await client.readHoldingRegisters(address, type === 'uint32' ? 2 : 1);
      if (data[0] !== address) throw new Error(`modbus-serial read ${data[0]} at ${address}`);
    }
  }
  return performance.now() - start;
};

/**
 * `efficiency` and `speedup`, in real time, on an in-process line paced by character times: 9600 baud 8N1, 20 units of
 * 40 points with gaps, units that take 20 ms after the silence of 3.5 characters that ends a request.
 */
export const measureLine = async (): Promise<Record<string, number>> => {
  const devices = Array.from({ length: UNITS }, (_, index) =>
    deviceOf(`unit-${index + 1}`, String(index + 1), meterPoints(index + 1), 1000),
  );
  const cheapest = devices.reduce((sum, { profile }) => sum + cheapestMs(profile.points), 0);
  const cycleMs = await measurePolling(devices);
  const bareMs = await measureBare(devices);
  return {
    efficiency: cheapest / cycleMs,
    speedup: bareMs / cycleMs,
    cycleMs,
    cheapestCycleMs: cheapest,
    bareMs,
  };
};

const [LIVING, DEAD] = [27, 3];
const DEAD_MEASURED_MS = 120_000;

/** `deadUnitCost`: 30 units of ten points on the same line, 3 of them silent; two minutes after three cycles. */
export const measureDeadUnits = async (): Promise<Record<string, number>> => {
  const dead = new Set(Array.from({ length: DEAD }, (_, index) => LIVING + index + 1));
  const line = openLine(dead);
  const bus = openBus(line);
  let deadMs = 0;
  const timed: Bus = {
    read: async (request, signal) => {
      const start = performance.now();
      const samples = await bus.read(request, signal);
      if (dead.has(Number(request.unit.address))) deadMs += performance.now() - start;
      return samples;
    },
    counters: () => bus.counters(),
    unitCounters: (address) => bus.unitCounters(address),
    close: () => bus.close(),
  };
  const devices = Array.from({ length: LIVING + DEAD }, (_, index) =>
    deviceOf(`unit-${index + 1}`, String(index + 1), meterPoints(index + 1, 10), 1000),
  );
  let living = 0;
  const { worker, polls } = startPolling(timed, devices, (device, samples) => {
    if (dead.has(Number(device.address))) return;
    checkValues(device, samples);
    living++;
  });
  await polls(3 * devices.length);
  const [start, deadBefore, livingBefore] = [performance.now(), deadMs, living];
  await delay(DEAD_MEASURED_MS);
  const elapsed = performance.now() - start;
  await worker.stop();
  await bus.close();
  return {
    deadUnitCost: (deadMs - deadBefore) / elapsed,
    livingPollsPerSecond: ((living - livingBefore) * 1000) / elapsed,
  };
};
