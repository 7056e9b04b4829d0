import type { Bus } from '../../drivers/driver.js';
import { ModbusBus } from '../../drivers/modbus/modbus-bus.js';
import { AcquisitionError } from '../acquisition/errors.js';
import type { Configuration } from '../twin/configuration.js';
import { unitSettings } from '../twin/unit-settings.js';
import type { InspectQuestion, InspectReport } from './agent-questions.js';
import { LocalError } from './errors.js';

export interface InspectDeps {
  readonly configuration: Pick<Configuration, 'devices'>;
  /** By key. */
  readonly buses: ReadonlyMap<string, Bus>;
  readonly signal: AbortSignal;
}

const inRegisters = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 2 }, (_, index) =>
    Buffer.from(bytes.subarray(2 * index, 2 * index + 2)).toString('hex'),
  ).join(' ');

/**
 * Asks a Modbus device for its own counters or a record of a file; it changes nothing. Throws `AcquisitionError` for
 * a device that is not configured, `LocalError` 'usage' for one of another protocol.
 */
export const inspect = async (
  { configuration, buses, signal }: InspectDeps,
  question: InspectQuestion,
): Promise<InspectReport> => {
  const device = configuration.devices.find(({ key }) => key === question.device);
  if (device === undefined) {
    const known = configuration.devices.map(({ key }) => key).join(', ');
    throw new AcquisitionError(
      'unknown-device',
      `There is no device ${question.device}; there are: ${known}.`,
    );
  }
  const bus = buses.get(device.bus);
  if (!(bus instanceof ModbusBus))
    throw new LocalError('usage', `${device.key} is on bus ${device.bus}, which does not speak Modbus`);
  const unit = unitSettings(device);
  const said = { device: device.key, place: `${device.address} on ${device.bus}` };
  if (question.ask === 'diagnose') {
    const answer = await bus.diagnose(unit, signal);
    return 'fault' in answer
      ? { ...said, diagnosis: null, registers: null, fault: answer.fault.detail }
      : { ...said, diagnosis: answer.value, registers: null, fault: null };
  }
  const answer = await bus.readFile(unit, question, signal);
  return 'fault' in answer
    ? { ...said, diagnosis: null, registers: null, fault: answer.fault.detail }
    : { ...said, diagnosis: null, registers: inRegisters(answer.value), fault: null };
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
