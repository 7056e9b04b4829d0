import type { CreateDeviceServer, DeviceServerSettings } from '../../simulator/device-server.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { isModbusFraming, parseUnitAddress, type ModbusFraming } from '../unit-address.js';
import { createAsciiRequestReader } from './ascii-requests.js';
import { createRegisterImage } from './register-image.js';
import { createRtuRequestReader, createTcpRequestReader, type RequestReader } from './request-framing.js';
import { createService, type ServedUnit } from './serve-channel.js';

const READERS: Readonly<Record<ModbusFraming, () => RequestReader>> = {
  tcp: createTcpRequestReader,
  rtu: createRtuRequestReader,
  ascii: createAsciiRequestReader,
};

const unitsByAddress = (
  devices: DeviceServerSettings['devices'],
  framing: ModbusFraming,
): ReadonlyMap<number, ServedUnit> => {
  const served = new Map<number, ServedUnit>();
  for (const { address, profile, values } of devices) {
    const number = parseUnitAddress(address, framing);
    if (number === undefined)
      throw new SimulatorError('address', `"${address}" is no unit address of Modbus ${framing}`);
    if (served.has(number)) throw new SimulatorError('address', `unit ${number} is given twice`);
    served.set(number, { image: createRegisterImage(profile, values), maxRegisters: profile.maxRegisters });
  }
  return served;
};

/**
 * Modbus units that serve any profile. Unmapped addresses answer exception 2; an unknown unit is silent (`rtu`,
 * `ascii`) or answers exception 11, as a gateway does (`tcp`).
 */
export const createModbusServer: CreateDeviceServer = ({ framing, devices, faults, now }) => {
  if (!isModbusFraming(framing)) throw new SimulatorError('framing', `Modbus has no framing "${framing}"`);
  return createService({
    units: unitsByAddress(devices, framing),
    faults,
    newReader: READERS[framing],
    serial: framing !== 'tcp',
    now,
  });
};
