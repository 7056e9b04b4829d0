import type { Dialect } from '../dialect.js';
import { readField } from './fields.js';
import { isAddress } from './responses.js';
import { Sdi12Section } from './section.js';
import { decodeTranscript } from './transcript.js';

export const sdi12Dialect: Dialect = {
  protocol: 'sdi12',
  // The line itself (SDI-12 1.4, 4.1). An adapter that keeps the line's speed to itself says its own.
  line: { baudRate: 1200, format: '7E1', timeoutMs: 1000, tcpTimeoutMs: 1500 },
  framings: ['sdi12'],
  address: (text) => {
    const address = text?.trim();
    if (address === undefined) return { problem: 'is missing: one character, 0 to 9, a to z or A to Z' };
    if (!isAddress(address))
      return { problem: `${address} is no SDI-12 address: one character, 0 to 9, a to z or A to Z` };
    return { value: address };
  },
  telegrams: { section: Sdi12Section, field: readField, decode: decodeTranscript },
};
