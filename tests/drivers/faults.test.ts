import { packagedProfiles } from '../../agent/twin/packaged.js';
import type { Channel } from '../../drivers/channel/channel.js';
import { DEVICE_SERVERS } from '../../drivers/device-servers.js';
import { DIALECTS } from '../../drivers/dialects.js';
import type { BusSettings } from '../../drivers/driver.js';
import { loadProfile } from '../../drivers/profile-file.js';
import type { Profile } from '../../drivers/profile.js';
import { createProtocols } from '../../drivers/protocols.js';
import { NO_FAULTS } from '../../drivers/simulator/faults.js';
import { createPointValues } from '../../drivers/simulator/point-values.js';
import { driverFaultSuite, type DriverSubject } from '../suites/driver-faults.js';

const NOW = Date.UTC(2026, 0, 15, 10);
/** Enough to tell a right value from a wrong one. */
const MOST_POINTS = 12;
const SERIAL = {
  type: 'serial',
  path: 'in-process',
  baudRate: 9600,
  dataBits: 8,
  parity: 'none',
  stopBits: 1,
} as const;

const settingsOf = (framing: string): BusSettings => ({
  key: 'line',
  endpoint: SERIAL,
  framing,
  timeoutMs: 2_000,
  latenessMs: 2_000,
  pauseMs: 0,
});

interface Parts {
  readonly address?: string;
  readonly framing?: string;
  readonly profile?: (profile: Profile) => Profile;
  readonly beginning: readonly number[];
  readonly unchecked?: boolean;
}

/** A device of a packaged profile, as its driver's own simulator serves it. */
const simulated = (
  id: string,
  { address = '', beginning, unchecked = false, ...parts }: Parts,
): DriverSubject => {
  const packaged = loadProfile([packagedProfiles], id);
  const profile = parts.profile?.(packaged) ?? packaged;
  const framing = parts.framing ?? DIALECTS.get(profile.protocol)?.framings[0] ?? '';
  const createServer = DEVICE_SERVERS.get(profile.protocol);
  const protocol = createProtocols().get(profile.protocol);
  if (createServer === undefined || protocol === undefined)
    throw new Error(`nobody speaks ${profile.protocol}`);
  const values = createPointValues(3);
  const serve = (channel: Channel): void =>
    createServer({
      framing,
      devices: [{ address, profile, values: (point) => values(point, NOW) }],
      faults: NO_FAULTS,
      now: () => NOW,
    })(channel);
  return {
    name: `${profile.protocol}, ${id}${address === '' ? '' : ` at ${address}`}`,
    unit: { address, maxRegisters: profile.maxRegisters, section: profile.section },
    points: profile.points.slice(0, MOST_POINTS),
    serve,
    openBus: (deps) => protocol.openBus(settingsOf(framing), deps),
    beginning: Uint8Array.from(beginning),
    unchecked,
  };
};

/** A program that prints this and ends. */
const printing = (output: string): Channel => {
  const ends: { hear: (bytes: Uint8Array) => void; closed: () => void } = {
    hear: () => {},
    closed: () => {},
  };
  setTimeout(() => {
    ends.hear(Buffer.from(output));
    ends.closed();
  }, 1);
  return {
    write: async () => {},
    onData: (listener) => void (ends.hear = listener),
    onClose: (listener) => void (ends.closed = () => listener(undefined)),
    close: async () => {},
  };
};

const PULSE_EVERY_MS = 1_000;

/** As libgpiod 2 prints it. */
const edge = (kind: string, timeMs: number): string =>
  `${(timeMs / 1000).toFixed(9)}\t${kind}\tgpiochip0 17 "GPIO17"\n`;

/** An input with a pulse a second, watched by the programs of libgpiod 2. */
const pulses = (): DriverSubject => {
  const profile = loadProfile([packagedProfiles], 'generic/s0-pulse');
  const protocol = createProtocols().get('pulse');
  if (protocol === undefined) throw new Error('nobody counts pulses');
  return {
    name: 'pulse, generic/s0-pulse',
    unit: { address: '17', maxRegisters: 1, section: profile.section },
    points: profile.points,
    serve: (channel) => {
      const beat = setInterval(() => {
        const now = performance.now();
        void channel.write(Buffer.from(edge('falling', now)));
        void channel.write(Buffer.from(edge('rising', now + 30)));
      }, PULSE_EVERY_MS);
      channel.onClose(() => clearInterval(beat));
    },
    openBus: (deps) =>
      protocol.openBus(
        { ...settingsOf('edges'), endpoint: { type: 'gpio', chip: 'gpiochip0' } },
        {
          ...deps,
          openChannel: async (endpoint, signal) => {
            if (endpoint.type !== 'program') throw new Error('only programs are opened');
            if (endpoint.program === 'gpioget') return printing('1\n');
            if (endpoint.parameters.includes('--version')) return printing('gpiomon (libgpiod) v2.2.1\n');
            return deps.openChannel(endpoint, signal);
          },
        },
      ),
    beginning: Uint8Array.from(text('10155.123\tfalling\t')),
    // Never more than there were, whatever the line made of them.
    sound: ({ point, value }) => point !== 'pulses' || Number(value) <= performance.now() / PULSE_EVERY_MS,
    unchecked: true,
    mayBeSilent: true,
  };
};

const text = (characters: string): readonly number[] => [...Buffer.from(characters, 'latin1')];

driverFaultSuite([
  simulated('eastron/sdm120', { address: '1', framing: 'rtu', beginning: [0x01, 0x04, 0xfa] }),
  simulated('kamstrup/multical-601', { address: '1', beginning: [0x68, 0xff, 0xff, 0x68] }),
  simulated('kamstrup/multical-601', { address: '06855817.KAM.08.04', beginning: [0xe5, 0x68, 0xff, 0xff] }),
  simulated('enedis/linky-historic-single-phase', {
    framing: 'fixed',
    beginning: [0x02, ...text('\nADCO ')],
  }),
  simulated('enedis/linky-standard-single-phase', {
    framing: 'auto',
    beginning: [0x02, ...text('\nEAST\t')],
  }),
  simulated('nmea/gnss-receiver', { beginning: text('$GPGSV,9,1,') }),
  simulated('meter/teros-11', {
    address: '0',
    profile: (profile) => ({ ...profile, section: { crc: true } }),
    beginning: text('0+1'),
  }),
  simulated('nova/sds011', { beginning: [0xaa, 0xc0] }),
  simulated('plantower/pms5003', { beginning: [0x42, 0x4d, 0x00] }),
  simulated('sensirion/sps30', { beginning: [0x7e, 0x00] }),
  simulated('winsen/mh-z19b', { beginning: [0xff, 0x86] }),
  simulated('gill/windsonic', { address: 'Q', beginning: [0x02, ...text('Q,')] }),
  simulated('campbell/sr50a', { address: '00', beginning: text('0+') }),
  simulated('davis/vantage-pro2', { beginning: [0x06, ...text('LOO')] }),
  pulses(),
]);
