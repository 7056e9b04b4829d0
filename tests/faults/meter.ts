import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createSocketChannel } from '../../drivers/channel/tcp-channel.js';
import { createModbusServer } from '../../drivers/modbus/simulator/modbus-server.js';
import type { Profile, ProfilePoint } from '../../drivers/profile.js';
import { NO_FAULTS, type SimulatorFaults } from '../../drivers/simulator/faults.js';
import type { PointValues } from '../../drivers/simulator/point-values.js';
import { eventually } from '../support/eventually.js';

/** Registers that no two replies show alike: what a device said, and when, can be told from the value alone. */
export const POINTS = 8;

export interface Said {
  readonly value: number;
  /** UTC ms of the harness, whose clock no fault touches. */
  readonly at: number;
}

/** How the meter is reached: replies over `tcp` name their request, those of a serial line behind a gateway do not. */
export type MeterLine = 'tcp' | 'rtu-over-tcp';

/** A simulated device that remembers all it said. */
export interface Meter {
  readonly port: number;
  /** What each point said, by its place, oldest first. */
  readonly said: readonly (readonly Said[])[];
  /**
   * Resolves once nobody is connected. What a process asked for just before its death may still lie in a socket, and
   * would be said in the time of its successor.
   */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

const QUIET_MS = 60_000;

export const pointKey = (place: number): string => `p${place}`;

/** The place of the point that says this value. */
export const placeOf = (value: number): number => value % POINTS;

/** How often that point had spoken before it said this value. */
export const turnOf = (value: number): number => Math.floor(value / POINTS);

const TABLE = 'holding';
const TYPE = 'uint32';

/** Where a point lies. On a serial line half of them lie far off: two requests, whose replies look alike. */
const registerOf = (place: number, line: MeterLine): number =>
  2 * place + (line === 'rtu-over-tcp' && place >= POINTS / 2 ? 1_000 : 0);

const meterPoint = (place: number, line: MeterLine): ProfilePoint => ({
  key: pointKey(place),
  name: `Point ${place}`,
  kind: 'gauge',
  property: 'air_temperature',
  unit: 'Cel',
  valueType: 'float',
  scale: 1,
  offset: 0,
  vectors: [],
  register: {
    table: TABLE,
    address: registerOf(place, line),
    type: TYPE,
    order: 'ABCD',
    length: 2,
    sentinels: [],
  },
});

const meterOf = (line: MeterLine): Profile => ({
  id: 'faults/meter',
  maker: 'Faults',
  model: 'Meter',
  protocol: 'modbus',
  source: { document: 'none', synthetic: true },
  maxRegisters: 125,
  minIntervalMs: 20,
  defaultIntervalMs: 1000,
  hash: '00',
  points: Array.from({ length: POINTS }, (_, place) => meterPoint(place, line)),
});

/** Starts one. The `n`th value of point p is n × POINTS + p. */
export const startMeter = async (
  line: MeterLine = 'tcp',
  faults: Partial<SimulatorFaults> = {},
): Promise<Meter> => {
  const said: Said[][] = Array.from({ length: POINTS }, () => []);
  const values: PointValues = ({ key }) => {
    const place = Number(key.slice(1));
    const turns = said[place] ?? [];
    const value = turns.length * POINTS + place;
    turns.push({ value, at: Date.now() });
    return value;
  };
  const serve = createModbusServer({
    framing: line === 'tcp' ? 'tcp' : 'rtu',
    devices: [{ address: '1', profile: meterOf(line), values }],
    faults: { ...NO_FAULTS, ...faults },
    now: Date.now,
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(createSocketChannel(socket));
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    said,
    quiet: async () => {
      // Connections are taken in turn: after this one, none waits.
      const last = connect(port, '127.0.0.1').resume();
      last.end();
      await once(last, 'close');
      await eventually(() => sockets.size === 0, QUIET_MS);
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
};

/** The device of that meter as a configuration describes it. */
export const meterDevice = (interval: string, line: MeterLine): object => ({
  bus: 'line',
  address: 1,
  interval,
  windows: ['10s'],
  points: Object.fromEntries(
    meterOf(line).points.map(({ key, unit, property }, place) => [
      key,
      { table: TABLE, address: registerOf(place, line), type: TYPE, unit, property },
    ]),
  ),
});
