import type { Channel } from '../../channel/channel.js';
import type { CreateDeviceServer } from '../../simulator/device-server.js';
import { createRandom } from '../../simulator/random.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { writePacket } from './write-packet.js';

const ACK = 0x06;
const NAK = 0x21;
const LF_CR = Uint8Array.of(0x0a, 0x0d);
/** Between two pieces of a split packet: longer than a USB adapter's 16 ms. */
const SPLIT_MS = 20;
const MOST_COMMAND_BYTES = 64;

/** A Vantage console: LF wakes it, `LOOP n` and `LPS 2 n` are answered with one packet. */
export const createDavisServer: CreateDeviceServer = ({ devices, faults, now }) => {
  const [device, ...others] = devices;
  if (device === undefined || others.length > 0)
    throw new SimulatorError('address', 'a line has one Davis console');
  const random = createRandom(faults.seed);
  const happens = (rate: number): boolean => rate > 0 && random() < rate;
  const packet = (kind: 'LOOP' | 'LOOP2'): Uint8Array => {
    const whole = writePacket(kind, device.profile, device.values, now());
    const at = Math.floor(random() * whole.length);
    return happens(faults.crcRate) ? whole.with(at, (whole[at] ?? 0) ^ 0x20) : whole;
  };
  const answer = (command: string): Uint8Array => {
    if (command.trim() === '') return LF_CR;
    if (/^LOOP \d+$/.test(command)) return Uint8Array.of(ACK, ...packet('LOOP'));
    return /^LPS 2 \d+$/.test(command) ? Uint8Array.of(ACK, ...packet('LOOP2')) : Uint8Array.of(NAK);
  };
  return (channel: Channel) => {
    const timers = new Set<NodeJS.Timeout>();
    const send = (bytes: Uint8Array, after: number): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        void channel.write(bytes).catch(() => {});
      }, after);
      timers.add(timer);
    };
    const reply = (bytes: Uint8Array): void => {
      const after = faults.turnaroundMs + (happens(faults.lateRate) ? faults.lateMs : 0);
      const half = happens(faults.splitRate) ? Math.ceil(bytes.length / 2) : bytes.length;
      send(bytes.subarray(0, half), after);
      if (half < bytes.length) send(bytes.subarray(half), after + SPLIT_MS);
    };
    let received = '';
    channel.onData((bytes) => {
      received = (received + Buffer.from(bytes).toString('latin1')).slice(-MOST_COMMAND_BYTES);
      const commands = received.split(/[\r\n]/);
      received = commands.pop() ?? '';
      for (const command of commands) if (!faults.silentUnits.includes('')) reply(answer(command));
    });
    channel.onClose(() => timers.forEach((timer) => clearTimeout(timer)));
  };
};
