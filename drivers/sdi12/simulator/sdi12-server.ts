import type { Channel } from '../../channel/channel.js';
import type { CreateDeviceServer, DeviceServerSettings } from '../../simulator/device-server.js';
import { createReplierFactory, type Replier } from '../../simulator/replier.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { createSimulatedSensor, type SimulatedSensor } from './simulated-sensor.js';

const END = '!';
const LONGEST_COMMAND = 60;
/** From the answer to a start to the service request: sooner than the announced second, ms. */
const SERVICE_MS = 50;

/** A damaged character in the middle of a response. */
const damage = (bytes: Uint8Array): Uint8Array => {
  const at = Math.floor((bytes.length - 2) / 2);
  return bytes.with(at, (bytes[at] ?? 0) ^ 0x04);
};

/** Addresses that nobody configures first. */
const misaddress = (bytes: Uint8Array): Uint8Array => {
  const [z, y] = Buffer.from('zy');
  return bytes.with(0, (bytes[0] === z ? y : z) ?? 0);
};

/** Takes bytes as they come; gives the commands that have become whole, without their `!`. */
const createCommandReader = (): ((bytes: Uint8Array) => readonly string[]) => {
  let pending = '';
  return (bytes) => {
    const parts = (pending + Buffer.from(bytes).toString('latin1')).split(END);
    pending = (parts.pop() ?? '').slice(-LONGEST_COMMAND);
    return parts.map((part) => part.replaceAll(/[\0\r\n]/g, ''));
  };
};

const serve = (
  channel: Channel,
  sensors: readonly SimulatedSensor[],
  { faults, now }: DeviceServerSettings,
  replier: Replier,
): void => {
  const read = createCommandReader();
  const obey = (command: string): void => {
    const [to, body] = [command.slice(0, 1), command.slice(1)];
    const asked = sensors.filter(({ address }) => address === to || (to === '?' && body === ''));
    for (const sensor of asked.filter(({ address }) => !faults.silentUnits.includes(address))) {
      const answer = sensor.answer(body, now());
      if (answer === undefined) continue;
      const { bytes, afterwards } = answer;
      replier.reply(bytes, afterwards && { afterwards: { bytes: afterwards, afterMs: SERVICE_MS } });
    }
  };
  channel.onData((bytes) => {
    // A client that has gone hears no echo.
    if (faults.echo) void channel.write(bytes).catch(() => {});
    read(bytes).forEach(obey);
  });
};

/** SDI-12 sensors on one line; each has the measurements that its profile's fields name. */
export const createSdi12Server: CreateDeviceServer = (settings) => {
  const addresses = settings.devices.map(({ address }) => address);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw new SimulatorError('address', `sensor ${twice} is given twice`);
  const sensors = settings.devices.map(createSimulatedSensor);
  const repliers = createReplierFactory({ faults: settings.faults, damage, misaddress });
  return (channel) => serve(channel, sensors, settings, repliers(channel));
};
