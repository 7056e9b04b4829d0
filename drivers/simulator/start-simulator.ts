import { createServer, type Server } from 'node:net';
import type { Channel } from '../channel/channel.js';
import { openSerialChannel } from '../channel/serial-channel.js';
import { createSocketChannel } from '../channel/tcp-channel.js';
import { DEVICE_SERVERS } from '../device-servers.js';
import type { Endpoint } from '../driver.js';
import type { Profile } from '../profile.js';
import { NO_FAULTS, type SimulatorFaults } from './faults.js';
import { createPointValues, type PointValues } from './point-values.js';
import { SimulatorError } from './simulator-error.js';

export interface SimulatorSettings {
  /** A TCP address (port 0: any free one), or a serial port. */
  readonly listen: { readonly host: string; readonly port: number } | Extract<Endpoint, { type: 'serial' }>;
  /** One of the framings of the units' protocol. */
  readonly framing: string;
  readonly units: readonly SimulatedUnit[];
  /** UTC ms: what the values depend on, with the seeds. */
  readonly now: () => number;
  readonly faults?: Partial<SimulatorFaults>;
}

export interface SimulatedUnit {
  readonly address: string;
  readonly profile: Profile;
  readonly seed: number;
  /** In place of the plausible values that follow from the seed. */
  readonly values?: PointValues;
}

export interface Simulator {
  /** The TCP port; 0 on a serial port. */
  readonly port: number;
  close(): Promise<void>;
}

const listening = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

const listenTcp = async (
  { host, port }: { readonly host: string; readonly port: number },
  serve: (channel: Channel) => void,
): Promise<Simulator> => {
  const channels = new Set<Channel>();
  const server = createServer((socket) => {
    const channel = createSocketChannel(socket);
    channels.add(channel);
    serve(channel);
    socket.once('close', () => channels.delete(channel));
  });
  const bound = await listening(server, host, port);
  return {
    port: bound,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...channels].map((channel) => channel.close()));
      await closed;
    },
  };
};

/** All units of a line speak one protocol. */
const serverOf = ({ units, framing, faults, now }: SimulatorSettings): ((channel: Channel) => void) => {
  const protocols = [...new Set(units.map(({ profile }) => profile.protocol))];
  const [protocol = 'modbus'] = protocols;
  if (protocols.length > 1)
    throw new SimulatorError('protocol', `one line cannot speak ${protocols.join(' and ')}`);
  const create = DEVICE_SERVERS.get(protocol);
  if (create === undefined) throw new SimulatorError('protocol', `nothing simulates ${protocol}`);
  const devices = units.map(({ address, profile, seed, values }) => ({
    address,
    profile,
    values: values ?? createPointValues(seed),
  }));
  return create({ framing, devices, faults: { ...NO_FAULTS, ...faults }, now });
};

/** Starts devices that serve any profile, over real bytes. Rejects where it cannot listen. */
export const startSimulator = async (settings: SimulatorSettings): Promise<Simulator> => {
  const serve = serverOf(settings);
  if ('host' in settings.listen) return listenTcp(settings.listen, serve);
  const channel = await openSerialChannel(settings.listen, new AbortController().signal);
  serve(channel);
  return { port: 0, close: () => channel.close() };
};
