import type { Dialect } from './dialect.js';
import { davisDialect } from './davis/dialect.js';
import { lineDialect } from './line/dialect.js';
import { mbusDialect } from './mbus/dialect.js';
import { modbusDialect } from './modbus/dialect.js';
import { pulseDialect } from './pulse/dialect.js';
import { sdi12Dialect } from './sdi12/dialect.js';
import { nmeaDialect } from './nmea/dialect.js';
import { ticDialect } from './tic/dialect.js';
import { uartDialect } from './uart/dialect.js';

/** How each protocol is written down, by the name that a configuration uses. */
export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(
  [
    modbusDialect,
    mbusDialect,
    lineDialect,
    davisDialect,
    pulseDialect,
    sdi12Dialect,
    ticDialect,
    nmeaDialect,
    uartDialect,
  ].map((dialect) => [dialect.protocol, dialect]),
);
