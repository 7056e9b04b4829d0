import { setTimeout as sleep } from 'node:timers/promises';
import { openChannel } from '../../drivers/channel/open-channel.js';
import type { BusDeps, BusSettings } from '../../drivers/driver.js';
import {
  isRegisterPoint,
  type Profile,
  type ProfilePoint,
  type RegisterMap,
  type RegisterPoint,
} from '../../drivers/profile.js';

/** A register of which a test says only what matters to it. */
export const register = (parts: Partial<RegisterMap> = {}): RegisterMap => ({
  table: 'holding',
  address: 0,
  type: 'uint16',
  order: 'AB',
  length: 1,
  sentinels: [],
  ...parts,
});

/** Where a point lives that is surely one of Modbus. */
export const registerOf = (each: ProfilePoint): RegisterMap => {
  if (!isRegisterPoint(each)) throw new Error(`${each.key} lives in no register`);
  return each.register;
};

export const point = (
  key: string,
  at: Partial<RegisterMap>,
  parts: Partial<RegisterPoint> = {},
): RegisterPoint => ({
  key,
  name: key,
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'float',
  scale: 1,
  offset: 0,
  vectors: [],
  register: register(at),
  ...parts,
});

export const profile = (points: readonly ProfilePoint[], maxRegisters = 125): Profile => ({
  id: 'test/model',
  maker: 'Test',
  model: 'Model',
  protocol: 'modbus',
  source: { document: 'none', synthetic: true },
  maxRegisters,
  minIntervalMs: 1,
  defaultIntervalMs: 1000,
  points,
  hash: '00',
});

/** The real line, clock and timers. */
export const busDeps: BusDeps = {
  openChannel,
  now: () => performance.now(),
  delay: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};

export const tcpBus = (port: number, parts: Partial<BusSettings> = {}): BusSettings => ({
  key: 'line',
  endpoint: { type: 'tcp', host: '127.0.0.1', port },
  framing: 'tcp',
  timeoutMs: 500,
  latenessMs: 1000,
  pauseMs: 0,
  ...parts,
});

/** A signal that never aborts. */
export const always = (): AbortSignal => new AbortController().signal;
