import type { Channel } from '../../channel/channel.js';
import { isFieldPoint, type FieldPoint } from '../../profile.js';
import type { CreateDeviceServer, ServedDevice } from '../../simulator/device-server.js';
import { wiringOf } from '../section.js';

const BEAT_MS = 1000;
/** S0 outputs give no more (EN 62053-31). */
const MOST_PULSES = 15;
/** Of a pulse and of the pause after it, ms. */
const PULSE_MS = 33;

const fieldOf = ({ profile }: ServedDevice, field: string): FieldPoint | undefined =>
  profile.points.filter(isFieldPoint).find((point) => point.field === field);

/** What one line does over time. */
const createInput = (device: ServedDevice): ((timeMs: number) => readonly string[]) => {
  const { activeLow } = wiringOf(device.profile.section);
  const counted = fieldOf(device, 'count');
  const contact = fieldOf(device, 'closed');
  const edge = (closed: boolean, timeMs: number): string =>
    `${(timeMs / 1000).toFixed(9)}\t${closed === activeLow ? 'falling' : 'rising'}\tgpiochip0 ${device.address}\n`;
  let pulses: number | undefined;
  let closed = false;
  return (timeMs) => {
    if (counted !== undefined) {
      const now = Math.floor((Number(device.values(counted, timeMs)) - counted.offset) / counted.scale);
      const more = Math.max(0, Math.min(now - (pulses ?? now), MOST_PULSES));
      pulses = (pulses ?? now) + more;
      return Array.from({ length: more }, (_, index) => {
        const start = timeMs + 2 * index * PULSE_MS;
        return edge(true, start) + edge(false, start + PULSE_MS);
      });
    }
    const level = contact !== undefined && Number(device.values(contact, timeMs)) === 1;
    if (level === closed) return [];
    closed = level;
    return [edge(level, timeMs)];
  };
};

/** Digital inputs that print their edges as `gpiomon` of libgpiod 2 does. */
export const createPulseServer: CreateDeviceServer =
  ({ devices, faults, now }) =>
  (channel: Channel) => {
    const inputs = devices
      .filter(({ address }) => !faults.silentUnits.includes(address))
      .map((device) => createInput(device));
    const beat = setInterval(() => {
      const text = inputs.flatMap((input) => input(now())).join('');
      if (text !== '') void channel.write(Buffer.from(text)).catch(() => {});
    }, BEAT_MS);
    channel.onClose(() => clearInterval(beat));
  };
