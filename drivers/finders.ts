import { findDavisDevices } from './davis/find-devices.js';
import type { Finder } from './finder.js';
import { findLineDevices } from './line/find-devices.js';
import { findMbusDevices } from './mbus/find-devices.js';
import { findModbusDevices } from './modbus/doctor/find-devices.js';
import { findNmeaDevices } from './nmea/find-devices.js';
import { findSdi12Devices } from './sdi12/find-devices.js';
import { findTicDevices } from './tic/find-devices.js';
import { findUartDevices } from './uart/find-devices.js';

/** How devices of a protocol are found, by the name that a configuration uses. */
export const FINDERS: ReadonlyMap<string, Finder> = new Map([
  ['modbus', findModbusDevices],
  ['mbus', findMbusDevices],
  ['sdi12', findSdi12Devices],
  ['uart', findUartDevices],
  ['tic', findTicDevices],
  ['nmea', findNmeaDevices],
  ['line', findLineDevices],
  ['davis', findDavisDevices],
]);
