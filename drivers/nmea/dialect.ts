import type { Dialect } from '../dialect.js';
import { decodeNmea } from './decode.js';
import { nmeaField } from './fields.js';
import { needsChecksum, NmeaSection } from './section.js';

export const nmeaDialect: Dialect = {
  protocol: 'nmea',
  // IEC 61162-1: 4800 baud 8N1; the TCP port is the one that IANA gave to it.
  line: { baudRate: 4800, format: '8N1', timeoutMs: 5000, tcpTimeoutMs: 5000, tcpPort: 10_110 },
  framings: ['sentences'],
  address: (text) => {
    if (text === undefined || text.trim() === '') return { value: '' };
    const talker = text.trim().toUpperCase();
    return /^[A-Z][A-Z0-9]$/.test(talker)
      ? { value: talker }
      : { problem: `${text} is no talker: two letters such as GP, GN or WI, or none for all on the line` };
  },
  telegrams: {
    section: NmeaSection,
    field: (name) => nmeaField(name),
    decode: (raw, section) => decodeNmea(raw, needsChecksum(section)),
  },
};
