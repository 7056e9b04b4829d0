import type { Dialect } from '../dialect.js';
import { isModbusFraming, parseUnitAddress } from './unit-address.js';

export const modbusDialect: Dialect = {
  protocol: 'modbus',
  // What most meters leave the factory with; the format is that of Modbus over serial line V1.02, 2.5.1.
  // The port: Modbus messaging on TCP/IP V1.0b, section 4.2.
  line: { baudRate: 9600, format: '8E1', timeoutMs: 1000, tcpTimeoutMs: 500, tcpPort: 502 },
  framings: ['rtu', 'tcp', 'ascii'],
  address: (text, framing) => {
    if (text === undefined) return { problem: 'is missing: the address on the bus' };
    const lowest = framing === 'tcp' ? 0 : 1;
    const number = isModbusFraming(framing) ? parseUnitAddress(text.trim(), framing) : undefined;
    if (number === undefined)
      return { problem: `${text} is no Modbus address: ${lowest} to 255 (usually 1 to 247)` };
    return { value: String(number) };
  },
};
