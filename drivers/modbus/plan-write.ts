import type { WriteRequest } from '../driver.js';
import type { RegisterPoint } from '../profile.js';
import { decodeRegisters } from './decode-registers.js';
import { encodeRegisters } from './encode-registers.js';
import { ModbusError } from './modbus-error.js';
import { fieldMask, isBitTable } from './register-layout.js';
import {
  maskRegister,
  readWriteRegisters,
  writeCoil,
  writeCoils,
  writeRegister,
  writeRegisters,
  type ModbusRequest,
} from './request.js';

/** A write that was found allowed. */
export interface PlannedWrite {
  /** In the order to try: the next one where the device does not know the function. */
  readonly requests: readonly ModbusRequest<true>[];
  /** Whether a sample's bytes hold the value. */
  holds(raw: Uint8Array): boolean;
}

const UNSCALED = { scale: 1, offset: 0 } as const;

/** Relative distance within which a float32 stands for the number that was asked for. */
const FLOAT32_PRECISION = 2 ** -23;

const refuse = (code: 'not-writable' | 'value', { key }: RegisterPoint, why: string): never => {
  throw new ModbusError(code, `point ${key}: ${why}`);
};

const checkAllowed = ({ point, value }: Omit<WriteRequest<RegisterPoint>, 'unit'>): void => {
  const { table, type } = point.register;
  if (point.writable === undefined) refuse('not-writable', point, 'its profile does not mark it writable');
  if (table !== 'coil' && table !== 'holding')
    refuse('not-writable', point, `a device cannot be written in its ${table} table`);
  if (typeof value === 'string') {
    if (type !== 'string') refuse('value', point, `"${value}" is no number`);
    return;
  }
  if (type === 'string') refuse('value', point, `${value} is no text`);
  if (typeof value === 'number' && !Number.isFinite(value)) refuse('value', point, `${value} is no number`);
  if (type === 'bool' && Number(value) !== 0 && Number(value) !== 1)
    refuse('value', point, `${value} is neither 0 nor 1`);
  if (point.states !== undefined && point.states[String(value)] === undefined)
    refuse('value', point, `${value} is no state (${Object.keys(point.states).join(', ')})`);
  const { min = -Infinity, max = Infinity } = point.writable ?? {};
  if (value < min || value > max)
    refuse('value', point, `${value} ${point.unit} is outside of ${min} to ${max} ${point.unit}`);
};

const near = (
  value: number | bigint | string,
  held: number | bigint | string,
  point: RegisterPoint,
): boolean => {
  if (typeof value === 'string' || typeof held === 'string') return value === held;
  if (!point.register.type.startsWith('float')) return Number(value) === Number(held);
  return Math.abs(Number(held) - Number(value)) <= Math.abs(Number(value)) * FLOAT32_PRECISION;
};

/** The bytes that hold exactly this value: what a register would round, or reads as "no value", is refused. */
const encodeExactly = ({ point, value }: Omit<WriteRequest<RegisterPoint>, 'unit'>): Uint8Array => {
  let bytes: Uint8Array;
  try {
    bytes = encodeRegisters(value, point.register, point);
  } catch (cause) {
    throw new ModbusError(
      'value',
      `point ${point.key}: ${cause instanceof Error ? cause.message : ''}`,
      cause,
    );
  }
  const { value: held, fault } = decodeRegisters(bytes, point.register, point);
  if (held === null) return refuse('value', point, `${value} cannot be told from no value: ${fault?.detail}`);
  if (!near(value, held, point))
    refuse('value', point, `${value} cannot be held exactly; the register would hold ${held}`);
  return bytes;
};

/** Bytes that function 23 writes at most: 121 registers. */
const MOST_READ_WRITE = 242;

/** Function 23, for devices that know no other way to be written: what it reads is read again anyway. */
const alsoReading = (address: number, bytes: Uint8Array): ModbusRequest<true> => {
  const request = readWriteRegisters({ address, count: bytes.length / 2 }, { address, bytes });
  return { ...request, parse: (data) => (request.parse(data) === undefined ? undefined : true) };
};

const requestsFor = (point: RegisterPoint, bytes: Uint8Array): readonly ModbusRequest<true>[] => {
  const { table, address, order } = point.register;
  if (isBitTable(table)) {
    const on = bytes[0] === 1;
    return [writeCoil(address, on), writeCoils(address, [on])];
  }
  const field = fieldMask(point.register);
  if (field !== undefined) {
    // Its neighbours in the register belong to others: only a masked write leaves them alone.
    const word = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
    const mask = order === 'BA' ? ((field & 0xff) << 8) | (field >> 8) : field;
    return [maskRegister(address, ~mask & 0xffff, word)];
  }
  const several = writeRegisters(address, bytes);
  const withRead = bytes.length <= MOST_READ_WRITE ? [alsoReading(address, bytes)] : [];
  return [...(bytes.length === 2 ? [writeRegister(address, bytes)] : []), several, ...withRead];
};

/** Whether the point's own bits are the same, whatever its neighbours in the register hold. */
const sameField = (a: Uint8Array, b: Uint8Array, { register }: RegisterPoint): boolean =>
  decodeRegisters(a, register, UNSCALED).value === decodeRegisters(b, register, UNSCALED).value;

/**
 * Plans the write of one point. Throws a `ModbusError`: `not-writable` where the profile does not allow it, `value`
 * where the value is outside of its limits, is no state, or cannot be held exactly.
 */
export const planWrite = (request: Omit<WriteRequest<RegisterPoint>, 'unit'>): PlannedWrite => {
  checkAllowed(request);
  const { point } = request;
  const bytes = encodeExactly(request);
  return {
    requests: requestsFor(point, bytes),
    holds: (raw) =>
      point.register.type === 'bool' || fieldMask(point.register) !== undefined
        ? sameField(raw, bytes, point)
        : Buffer.compare(raw, bytes) === 0,
  };
};
