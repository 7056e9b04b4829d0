import type { Protocol } from '../driver.js';
import { createListeningBus } from '../telegram/listening-bus.js';
import { decodeNmea } from './decode.js';
import { nmeaDialect } from './dialect.js';
import { createNmeaFramer } from './frame.js';
import { needsChecksum } from './section.js';

/** NMEA 0183: talkers that speak sentences without being asked. */
export const createNmea = (): Protocol => ({
  name: nmeaDialect.protocol,
  dialect: nmeaDialect,
  openBus: (settings, deps) =>
    createListeningBus(settings, deps, {
      createFramer: createNmeaFramer,
      decode: (raw, section) => decodeNmea(raw, needsChecksum(section)),
      complete: false,
    }),
});
