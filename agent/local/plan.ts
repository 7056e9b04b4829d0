import {
  dataBytes,
  lineTimes,
  readMs,
  type LineTimes,
  type ReadCosts,
} from '../../drivers/modbus/line-costs.js';
import { planReads, type PlannedRead } from '../../drivers/modbus/plan-reads.js';
import { span } from '../../drivers/modbus/register-layout.js';
import { isRegisterPoint, type ProfilePoint } from '../../drivers/profile.js';
import { PollSchedule } from '../acquisition/poll-schedule.js';
import type { Configuration, ConfiguredBus, ConfiguredDevice } from '../twin/configuration.js';
import { endpointName } from '../twin/configured-bus.js';
import { unitSettings } from '../twin/unit-settings.js';

/** A bus with less time to spare falls behind at the first fault. */
export const MOST_LOAD = 0.8;
/** The schedule is played this far, or for so many polls. */
const HORIZON_MS = 3_600_000;
const MOST_POLLS = 20_000;

export interface PlannedRequest {
  readonly table: string;
  /** First register or coil, counted from 0, and how many. */
  readonly address: number;
  readonly count: number;
  readonly points: readonly string[];
  /** Registers that are read for no point, because that is cheaper than one more request. */
  readonly unused: number;
  /** Bytes of data in its reply. */
  readonly bytes: number;
  /** On the line, with the turnaround that is usual, ms. */
  readonly ms: number;
}

export interface PlannedDevice {
  readonly device: string;
  readonly address: string;
  /** With all points due; ms is their sum. */
  readonly requests: readonly PlannedRequest[];
  readonly ms: number;
}

/** A bus whose devices send telegrams: what these take is theirs to say. */
export interface UnplannedBus {
  readonly bus: string;
  readonly endpoint: string;
  readonly protocol: string;
  readonly devices: readonly { readonly device: string; readonly address: string }[];
  /** Not known before it runs. */
  readonly load: null;
}

export interface PlannedBus {
  readonly bus: string;
  readonly endpoint: string;
  readonly protocol: 'modbus';
  readonly framing: string;
  /** One character on the line; 0 over Modbus TCP, ms. */
  readonly characterMs: number;
  readonly devices: readonly PlannedDevice[];
  /** Share of time in which the line is busy, predicted; above 1 it cannot keep up. */
  readonly load: number;
  readonly overloaded: boolean;
}

type PlanOf = (device: ConfiguredDevice, points: readonly ProfilePoint[]) => readonly PlannedRead[];

const unusedIn = ({ address, count, points }: PlannedRead): number => {
  const used = new Set<number>();
  for (const { register } of points)
    for (let place = 0; place < span(register); place++) used.add(register.address - address + place);
  return count - used.size;
};

const costsOf = (device: ConfiguredDevice, times: LineTimes): ReadCosts =>
  times.costs(undefined, unitSettings(device).pauseMs);

const planDevice = (device: ConfiguredDevice, planOf: PlanOf, times: LineTimes): PlannedDevice => {
  const points = device.points.map(({ map }) => map);
  const costs = costsOf(device, times);
  const requests = planOf(device, points).map((read): PlannedRequest => {
    const { table, address, count } = read;
    return {
      table,
      address,
      count,
      points: read.points.map(({ key }) => key),
      unused: unusedIn(read),
      bytes: dataBytes(table, count),
      ms: readMs(table, count, costs),
    };
  });
  const ms = requests.reduce((sum, request) => sum + request.ms, 0);
  return { device: device.key, address: device.address, requests, ms };
};

/** Plays the schedule as if each poll took no time, and adds up what they would take: what is asked of the line. */
const loadOf = (devices: readonly ConfiguredDevice[], planOf: PlanOf, times: LineTimes): number => {
  const schedule = new PollSchedule(devices, 0);
  const known = new Map<string, number>();
  let [now, busyMs, polls] = [0, 0, 0];
  for (; now <= HORIZON_MS && polls < MOST_POLLS; polls++) {
    const due = schedule.take(now);
    if (due === undefined) {
      now = schedule.nextDue();
      continue;
    }
    // All is due at the start, once: that is no load.
    if (now === 0) continue;
    const points = due.points.map(({ map }) => map);
    const key = [due.device.key, ...points.map((point) => point.key)].join(' ');
    const ms =
      known.get(key) ??
      planOf(due.device, points).reduce(
        (sum, { table, count }) => sum + readMs(table, count, costsOf(due.device, times)),
        0,
      );
    known.set(key, ms);
    busyMs += ms;
  }
  return now > 0 && Number.isFinite(now) ? busyMs / now : 0;
};

const planBus = (bus: ConfiguredBus, devices: readonly ConfiguredDevice[]): PlannedBus => {
  const times = lineTimes(bus);
  const planOf: PlanOf = (device, points) => {
    const { maxRegisters, holes = [], groups = [], quirks = [] } = unitSettings(device);
    return planReads(points.filter(isRegisterPoint), {
      maxRegisters,
      holes,
      groups,
      quirks,
      costs: costsOf(device, times),
    });
  };
  const load = devices.length === 0 ? 0 : loadOf(devices, planOf, times);
  return {
    bus: bus.key,
    endpoint: endpointName(bus.endpoint),
    protocol: 'modbus',
    framing: bus.framing,
    characterMs: times.characterMs,
    devices: devices.map((device) => planDevice(device, planOf, times)),
    load,
    overloaded: load > MOST_LOAD,
  };
};

const unplanned = (
  { key: bus, endpoint, protocol }: ConfiguredBus,
  devices: readonly ConfiguredDevice[],
): UnplannedBus => ({
  bus,
  endpoint: endpointName(endpoint),
  protocol,
  devices: devices.map(({ key, address }) => ({ device: key, address })),
  load: null,
});

/**
 * What a configuration will ask of its Modbus buses, before anything runs: the requests, what they take on the line
 * with the turnaround that is usual (the running agent plans by the one it measures), and the share of time. Other
 * buses are listed.
 */
export const planConfiguration = ({
  buses,
  devices,
}: Pick<Configuration, 'buses' | 'devices'>): readonly (PlannedBus | UnplannedBus)[] =>
  buses.map((bus) => {
    const own = devices.filter((device) => device.bus === bus.key);
    return bus.protocol === 'modbus' ? planBus(bus, own) : unplanned(bus, own);
  });

const requestLine = ({ table, address, count, points, unused, ms }: PlannedRequest): string => {
  const last = address + count - 1;
  const what = `${table} ${address}${count > 1 ? `–${last}` : ''}`;
  const spare = unused > 0 ? `, ${unused} between them` : '';
  return `    ${what.padEnd(22)} ${`${ms.toFixed(1)} ms`.padStart(9)}  ${points.length} points${spare}`;
};

const unplannedText = ({ bus, endpoint, protocol, devices }: UnplannedBus): string =>
  [
    `${bus}: ${endpoint}, ${protocol}; telegrams, whose time on the line is not predicted`,
    ...devices.map(({ device, address }) => `  ${device}${address === '' ? '' : ` at ${address}`}`),
  ].join('\n');

const busText = (bus: PlannedBus): string => {
  const requests = bus.devices.reduce((sum, device) => sum + device.requests.length, 0);
  const percent = `${(bus.load * 100).toFixed(bus.load < 0.1 ? 1 : 0)} %`;
  const lines = [
    `${bus.bus}: ${bus.endpoint}, ${bus.framing}; ${requests} requests, ${percent} of the line's time`,
    ...bus.devices.flatMap((device) => [
      `  ${device.device} at ${device.address}: ${device.ms.toFixed(0)} ms`,
      ...device.requests.map(requestLine),
    ]),
  ];
  if (!bus.overloaded) return lines.join('\n');
  const advice =
    bus.load > 1
      ? `it cannot keep up: its intervals would have to be ${bus.load.toFixed(1)} times as long, or the line as fast`
      : `above ${MOST_LOAD * 100} % it falls behind at the first fault: lengthen intervals, or part the line`;
  return [...lines, `  WARNING: ${percent} of the time of bus ${bus.bus} is asked for; ${advice}`].join('\n');
};

/** A plan as people read it. */
export const renderPlan = (plan: readonly (PlannedBus | UnplannedBus)[]): string =>
  plan.length === 0
    ? 'no bus is configured'
    : plan.map((bus) => (bus.load === null ? unplannedText(bus) : busText(bus))).join('\n\n');
