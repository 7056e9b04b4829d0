import { ModbusBus } from '../../drivers/modbus/modbus-bus.js';
import type { Answer } from '../../drivers/modbus/operations.js';
import type { DeviceQuestion } from '../acquisition/device-question.js';
import { AcquisitionError } from '../acquisition/errors.js';
import type { Configuration, ConfiguredDevice } from '../twin/configuration.js';
import { unitSettings } from '../twin/unit-settings.js';
import type { InspectQuestion, InspectReport } from './agent-questions.js';
import { LocalError } from './errors.js';

export interface InspectDeps {
  readonly configuration: Pick<Configuration, 'devices'>;
  /** Puts a question to a device when its line is free for that. */
  readonly ask: <T>(device: ConfiguredDevice, question: DeviceQuestion<T>) => Promise<T>;
}

const inRegisters = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 2 }, (_, index) =>
    Buffer.from(bytes.subarray(2 * index, 2 * index + 2)).toString('hex'),
  ).join(' ');

const findDevice = ({ devices }: Pick<Configuration, 'devices'>, deviceKey: string): ConfiguredDevice => {
  const device = devices.find(({ key }) => key === deviceKey);
  if (device !== undefined) return device;
  const known = devices.map(({ key }) => key).join(', ');
  throw new AcquisitionError('unknown-device', `There is no device ${deviceKey}; there are: ${known}.`);
};

/** What a Modbus bus answers to the question, in the words of a report. */
const told = async (
  bus: ModbusBus,
  device: ConfiguredDevice,
  question: InspectQuestion,
  signal: AbortSignal,
): Promise<Answer<Partial<InspectReport>>> => {
  const unit = unitSettings(device);
  if (question.ask === 'diagnose') {
    const answer = await bus.diagnose(unit, signal);
    return 'fault' in answer ? answer : { ...answer, value: { diagnosis: answer.value } };
  }
  const answer = await bus.readFile(unit, question, signal);
  return 'fault' in answer ? answer : { ...answer, value: { registers: inRegisters(answer.value) } };
};

/**
 * Asks a Modbus device for its own counters or a record of a file; it changes nothing. Throws `AcquisitionError` for
 * a device that is not configured, `LocalError` 'usage' for one of another protocol.
 */
export const inspect = async (
  { configuration, ask }: InspectDeps,
  question: InspectQuestion,
): Promise<InspectReport> => {
  const device = findDevice(configuration, question.device);
  const place = `${device.address} on ${device.bus}`;
  const nothing = { device: device.key, place, diagnosis: null, registers: null, fault: null };
  return await ask(device, async (bus, signal) => {
    if (!(bus instanceof ModbusBus))
      throw new LocalError('usage', `${device.key} is on bus ${device.bus}, which does not speak Modbus`);
    const answer = await told(bus, device, question, signal);
    if (!('fault' in answer)) return { result: { ...nothing, ...answer.value }, answered: true };
    const answered = answer.fault.code !== 'timeout' && answer.fault.code !== 'closed';
    return { result: { ...nothing, fault: answer.fault.detail }, answered };
  });
};

const COUNTERS = [
  ['busMessages', 'messages seen on the bus'],
  ['checksumErrors', 'of these with a wrong checksum'],
  ['messages', 'messages to it'],
  ['exceptions', 'exceptions that it answered'],
  ['noReplies', 'messages that it left unanswered'],
] as const;

/** A report as people read it. */
export const renderInspect = ({ device, place, diagnosis, registers, fault }: InspectReport): string => {
  const name = `${device} at ${place}`;
  if (diagnosis === null) return `${name}: ${registers ?? fault ?? 'nothing came'}`;
  const returns = diagnosis.returnsData ? 'gives back what it is sent' : 'does NOT give back what it is sent';
  return [
    `${name}: ${returns}`,
    ...COUNTERS.map(([key, what]) => `  ${what.padEnd(34)} ${diagnosis[key] ?? 'not counted'}`),
  ].join('\n');
};
