import type { Dialect } from '../dialect.js';
import { mbusAddressText, parseMbusAddress } from './address.js';
import { readFieldName } from './application/names.js';
import { decodeTelegram } from './decode-telegram.js';
import { MbusSection } from './section.js';

export const mbusDialect: Dialect = {
  protocol: 'mbus',
  // EN 13757-2: 8 data bits, even parity; 2400 baud is what every meter speaks. A reply begins within 330 bit times
  // and 50 ms: 1150 ms at 300 baud. Converters behind a network add their own.
  line: { baudRate: 2400, format: '8E1', timeoutMs: 1200, tcpTimeoutMs: 2000 },
  framings: ['mbus'],
  address: (text) => {
    if (text === undefined)
      return { problem: 'is missing: a primary address (0 to 250) or a secondary one (12345678.KAM.01.04)' };
    const address = parseMbusAddress(text);
    if (address === undefined)
      return { problem: `${text} is no M-Bus address: 0 to 250, 254, or as 12345678.KAM.01.04` };
    return { value: mbusAddressText(address) };
  },
  telegrams: { section: MbusSection, field: (name) => readFieldName(name), decode: decodeTelegram },
};
