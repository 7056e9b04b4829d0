import { createDavisServer } from './davis/simulator/davis-server.js';
import { createLineServer } from './line/simulator/line-server.js';
import { createMbusServer } from './mbus/simulator/mbus-server.js';
import { createModbusServer } from './modbus/simulator/modbus-server.js';
import { createPulseServer } from './pulse/simulator/pulse-server.js';
import { createSdi12Server } from './sdi12/simulator/sdi12-server.js';
import type { CreateDeviceServer } from './simulator/device-server.js';
import { createNmeaServer } from './nmea/simulator/nmea-server.js';
import { createTicServer } from './tic/simulator/tic-server.js';
import { createUartServer } from './uart/simulator/uart-server.js';

/** What serves simulated devices of each protocol. */
export const DEVICE_SERVERS: ReadonlyMap<string, CreateDeviceServer> = new Map([
  ['modbus', createModbusServer],
  ['mbus', createMbusServer],
  ['sdi12', createSdi12Server],
  ['line', createLineServer],
  ['davis', createDavisServer],
  ['pulse', createPulseServer],
  ['tic', createTicServer],
  ['nmea', createNmeaServer],
  ['uart', createUartServer],
]);
