import type { BusDeps, BusSettings, Protocol } from '../driver.js';
import type { Framing } from './framing.js';
import { Line } from './line.js';
import { ModbusBus } from './modbus-bus.js';
import { ModbusError } from './modbus-error.js';
import { modbusDialect } from './dialect.js';
import { createReadCodec } from './read-codec.js';
import { createAsciiFraming } from './ascii-framing.js';
import { createEchoFilter } from './echo-filter.js';
import { createRtuFraming } from './rtu-framing.js';
import { createTcpFraming } from './tcp-framing.js';
import type { ModbusFraming } from './unit-address.js';

const framingOf = ({ key, framing, endpoint }: BusSettings): readonly [ModbusFraming, Framing] => {
  if (framing === 'rtu') {
    const rtu = createRtuFraming(endpoint.type === 'serial' ? endpoint.baudRate : undefined);
    return ['rtu', createEchoFilter(rtu)];
  }
  if (framing === 'ascii') return ['ascii', createEchoFilter(createAsciiFraming())];
  if (framing !== 'tcp')
    throw new ModbusError(
      'framing',
      `bus ${key}: framing "${framing}" is unknown (accepted: tcp, rtu, ascii)`,
    );
  if (endpoint.type !== 'tcp')
    throw new ModbusError(
      'framing',
      `bus ${key}: framing "tcp" needs a TCP endpoint (on a serial port: rtu or ascii)`,
    );
  return ['tcp', createTcpFraming()];
};

/** The protocol, whose buses can do more than read. */
export interface Modbus extends Protocol {
  openBus(settings: BusSettings, deps: BusDeps): ModbusBus;
}

/**
 * Modbus: TCP; RTU and ASCII on a serial port, or through a serial server (framing `rtu` or `ascii` on a TCP endpoint).
 * `openBus` connects nothing, and throws a `ModbusError` where framing and endpoint do not go together.
 */
export const createModbus = (): Modbus => ({
  name: modbusDialect.protocol,
  dialect: modbusDialect,
  openBus: (settings: BusSettings, deps: BusDeps): ModbusBus => {
    const [name, framing] = framingOf(settings);
    const line = new Line(settings, deps, framing);
    return new ModbusBus({ line, codec: createReadCodec(), framing: name, now: deps.now });
  },
});
