import type { Channel } from '../../channel/channel.js';
import type { CreateDeviceServer, ServedDevice } from '../../simulator/device-server.js';
import type { SimulatorFaults } from '../../simulator/faults.js';
import { createRandom } from '../../simulator/random.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { instrumentOf, type Instrument } from '../instrument.js';
import { LineError } from '../line-error.js';
import { writeLine } from './write-line.js';

/** How often an instrument speaks that nobody asks. */
const SPEAKS_MS = 1000;
/** Between two pieces of a split line: longer than a USB adapter's 16 ms. */
const SPLIT_MS = 20;
const MOST_COMMAND_BYTES = 256;

interface Served extends ServedDevice {
  readonly instrument: Instrument;
}

const serve = (device: ServedDevice): Served => {
  try {
    return { ...device, instrument: instrumentOf(device.profile.section) };
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new SimulatorError('protocol', `${device.profile.id}: the key line ${error.message}`);
  }
};

/** Bytes as they are sent under these faults: pieces, each so many ms after it should be. */
const spoilt = (
  line: Uint8Array,
  faults: SimulatorFaults,
  random: () => number,
): readonly (readonly [Uint8Array, number])[] => {
  const happens = (rate: number): boolean => rate > 0 && random() < rate;
  const middle = Math.floor(line.length / 2);
  const damaged = happens(faults.crcRate) ? line.with(middle, (line[middle] ?? 0) ^ 0x01) : line;
  const stray = happens(faults.strayRate) ? [0x40 + Math.floor(random() * 64)] : [];
  const bytes = Uint8Array.from([...stray, ...damaged]);
  const after = faults.turnaroundMs + (happens(faults.lateRate) ? faults.lateMs : 0);
  if (!happens(faults.splitRate)) return [[bytes, after]];
  return [
    [bytes.subarray(0, middle), after],
    [bytes.subarray(middle), after + SPLIT_MS],
  ];
};

/** The asked device and how many bytes its command ended after. */
const askedBy = (received: string, devices: readonly Served[]): readonly [Served, number] | undefined => {
  const ends = devices.flatMap((device): [Served, number][] => {
    const command = Buffer.from(device.instrument.command?.(device.address) ?? []).toString('latin1');
    const at = command === '' ? -1 : received.indexOf(command);
    return at < 0 ? [] : [[device, at + command.length]];
  });
  return ends.toSorted(([, a], [, b]) => a - b)[0];
};

/** Instruments that speak lines: those with a command answer it, the others speak every second. */
export const createLineServer: CreateDeviceServer = ({ devices, faults, now }) => {
  const served = devices.map(serve);
  const random = createRandom(faults.seed);
  return (channel: Channel) => {
    const timers = new Set<NodeJS.Timeout>();
    const write = (bytes: Uint8Array): void => void channel.write(bytes).catch(() => {});
    const speak = ({ instrument, profile, address, values }: Served): void => {
      if (faults.silentUnits.includes(address)) return;
      const line = writeLine(instrument, profile, address, values, now());
      for (const [bytes, after] of spoilt(line, faults, random)) {
        if (after === 0) {
          write(bytes);
          continue;
        }
        const timer = setTimeout(() => {
          timers.delete(timer);
          write(bytes);
        }, after);
        timers.add(timer);
      }
    };
    const unasked = served.filter(({ instrument }) => instrument.command === undefined);
    const beat = setInterval(() => unasked.forEach(speak), SPEAKS_MS);
    let received = '';
    channel.onData((bytes) => {
      if (faults.echo) write(bytes);
      received = (received + Buffer.from(bytes).toString('latin1')).slice(-MOST_COMMAND_BYTES);
      for (let asked = askedBy(received, served); asked !== undefined; asked = askedBy(received, served)) {
        received = received.slice(asked[1]);
        speak(asked[0]);
      }
    });
    channel.onClose(() => {
      clearInterval(beat);
      timers.forEach((timer) => clearTimeout(timer));
    });
  };
};
