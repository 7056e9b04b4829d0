import type { Dialect } from '../dialect.js';
import { decodeTic } from './decode.js';
import { ticField } from './fields.js';
import { TicSection, ticSection } from './section.js';

/** How the speed of a line is found: by trying, or as the configuration says. */
export const SPEEDS = ['auto', 'fixed'] as const;

const ADDRESS_LENGTH = 12;

export const ticDialect: Dialect = {
  protocol: 'tic',
  // Standard mode; historic mode is 1200. A frame of historic mode takes up to 3 s (Enedis-NOI-CPT_54E, 5.2, 6.1).
  line: { baudRate: 9600, format: '7E1', timeoutMs: 10_000, tcpTimeoutMs: 10_000 },
  framings: SPEEDS,
  address: (text) => {
    if (text === undefined || text.trim() === '') return { value: '' };
    // YAML takes the zero before a number away.
    const address = text.trim().toUpperCase().padStart(ADDRESS_LENGTH, '0');
    return /^[0-9A-F]{12}$/.test(address) && text.trim().length >= ADDRESS_LENGTH - 2
      ? { value: address }
      : {
          problem: `${text} is no address of a meter: its 12 characters (ADSC, ADCO or ADS), or none at all`,
        };
  },
  telegrams: {
    section: TicSection,
    field: ticField,
    decode: (raw, section) => decodeTic(raw, ticSection(section)),
  },
};
