import { isFieldPoint } from '../../profile.js';
import type { CreateDeviceServer, ServedDevice } from '../../simulator/device-server.js';
import { createReplierFactory } from '../../simulator/replier.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { sensorSettings } from '../section.js';
import { createSimulatedSensor, type FieldValue } from './simulated-sensors.js';

/** A sensor that speaks unasked does so once a second, ms. */
const EVERY_MS = 1_000;

/** The damage is in the middle, where the values are. */
const damage = (bytes: Uint8Array): Uint8Array => {
  const at = Math.floor(bytes.length / 2);
  return bytes.with(at, (bytes[at] ?? 0) ^ 0x01);
};

/** What the points of a profile say of a field, as the sensor gives it; 0 where no point is of that field. */
const fieldValues = ({ profile, values }: ServedDevice, now: () => number): FieldValue => {
  const points = profile.points.filter(isFieldPoint);
  return (name) => {
    const point = points.find(({ field }) => field === name);
    if (point === undefined) return 0;
    const raw = (Number(values(point, now())) - point.offset) / point.scale;
    if (!Number.isFinite(raw)) return 0;
    return sensorSettings(profile.section)?.sensor === 'sps30' ? raw : Math.round(raw);
  };
};

/** One particulate or gas sensor; it speaks or waits, sleeps and wakes as the real one does. */
export const createUartServer: CreateDeviceServer = ({ devices, faults, now }) => {
  const [device, another] = devices;
  if (device === undefined || another !== undefined)
    throw new SimulatorError('address', 'a line of uart has one sensor');
  const settings = sensorSettings(device.profile.section);
  if (settings === undefined)
    throw new SimulatorError('protocol', `${device.profile.id} does not say which sensor it is`);
  const repliers = createReplierFactory({ faults, damage });
  // One sensor, whoever connects: it goes on sleeping when its listener has gone.
  const sensor = createSimulatedSensor(settings.sensor, fieldValues(device, now));
  return (channel) => {
    const replier = repliers(channel);
    const silent = faults.silentUnits.includes(device.address);
    channel.onData((bytes) => {
      const answers = sensor.hear(bytes);
      if (!silent) answers.forEach((answer) => replier.reply(answer));
    });
    const timer = setInterval(() => {
      const said = sensor.speak();
      if (said !== undefined && !silent) replier.reply(said);
    }, EVERY_MS);
    channel.onClose(() => clearInterval(timer));
  };
};
