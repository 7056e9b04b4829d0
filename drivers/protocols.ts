import type { Protocol } from './driver.js';
import { createDavis } from './davis/davis.js';
import { createLine } from './line/line.js';
import { createMbus } from './mbus/mbus.js';
import { createModbus } from './modbus/modbus.js';
import { createPulse } from './pulse/pulse.js';
import { createSdi12 } from './sdi12/sdi12.js';
import { createNmea } from './nmea/nmea.js';
import { createTic } from './tic/tic.js';
import { createUart } from './uart/uart.js';

/** Every field protocol, by the name that a configuration uses. */
export const createProtocols = (): ReadonlyMap<string, Protocol> =>
  new Map(
    [
      createModbus(),
      createMbus(),
      createLine(),
      createDavis(),
      createPulse(),
      createSdi12(),
      createTic(),
      createNmea(),
      createUart(),
    ].map((protocol) => [protocol.name, protocol]),
  );
