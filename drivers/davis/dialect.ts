import type { Dialect } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import { LOOP2_FIELDS, LOOP_FIELDS } from './davis-fields.js';
import { decodePacket } from './decode-packet.js';
import { clickOf, DavisSection } from './section.js';

const FIELDS = { ...LOOP_FIELDS, ...LOOP2_FIELDS };

/** Davis Vantage Pro, Pro2 and Vue, through a serial, USB or Ethernet logger. */
export const davisDialect: Dialect = {
  protocol: 'davis',
  // Serial Communication Reference Manual 2.6.1, section I; the port is that of the Ethernet logger.
  line: { baudRate: 19_200, format: '8N1', timeoutMs: 3000, tcpTimeoutMs: 5000, tcpPort: 22_222 },
  framings: ['loop'],
  address: (text) =>
    text === undefined || text === ''
      ? { value: '' }
      : { problem: `${text} is too much: a console has no address` },
  telegrams: {
    section: DavisSection,
    field: (name, section) => {
      const field = FIELDS[name];
      if (field === undefined)
        return { problem: 'is no field of the packets', accepted: nearest(name, Object.keys(FIELDS)) };
      if (field.clicks === true && clickOf(section) === undefined)
        return {
          problem: 'counts clicks of the rain collector: say its size, davis: { collector: 0.2 mm }',
          accepted: ['0.2 mm', '0.1 mm', '0.01 in'],
        };
      return { value: { name, type: field.whole === true ? 'integer' : 'float', unit: field.unit } };
    },
    decode: decodePacket,
  },
};
