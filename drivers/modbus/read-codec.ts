import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';
import type { RegisterMap } from '../profile.js';

/** One read as it goes to a unit. */
export interface ReadCommand {
  readonly unit: number;
  readonly table: RegisterMap['table'];
  readonly address: number;
  /** Registers, or bits. */
  readonly count: number;
}

/** What a unit answered. */
export type ReadReply =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'exception'; readonly code: number }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Requests and replies in the serial shape: unit, function, data, CRC. */
export interface ReadCodec {
  encode(command: ReadCommand): Uint8Array;
  /** Parses the reply to the command encoded last. */
  decode(frame: Uint8Array): ReadReply;
}

export const FUNCTIONS: Readonly<Record<RegisterMap['table'], 1 | 2 | 3 | 4>> = {
  coil: 1,
  discrete: 2,
  holding: 3,
  input: 4,
};

/** The port that modbus-serial believes to hold: it writes into a variable, and hears what we judged sound. */
class CodecPort extends EventEmitter {
  readonly isOpen = true;
  written: Uint8Array = new Uint8Array();

  open(callback: (error: null) => void): void {
    callback(null);
  }

  write(frame: Uint8Array): void {
    this.written = frame;
  }
}

const WRITERS = { 1: 'writeFC1', 2: 'writeFC2', 3: 'writeFC3', 4: 'writeFC4' } as const;

const exceptionCode = (error: Error): number | undefined =>
  'modbusCode' in error && typeof error.modbusCode === 'number' ? error.modbusCode : undefined;

/** Builds and parses reads by modbus-serial's client, without its line handling (see README). */
export const createReadCodec = (): ReadCodec => {
  const port = new CodecPort();
  const client = new modbusSerial.default(port);
  client.open();
  let reply: ReadReply;
  const hear = (error: Error | null, result?: { readonly buffer: Uint8Array }): void => {
    const code = error === null ? undefined : exceptionCode(error);
    if (error === null && result !== undefined)
      reply = { kind: 'data', data: Uint8Array.from(result.buffer) };
    else if (code !== undefined) reply = { kind: 'exception', code };
    else reply = { kind: 'unreadable', detail: error?.message ?? 'the reply holds no data' };
  };
  return {
    encode: ({ unit, table, address, count }) => {
      client[WRITERS[FUNCTIONS[table]]](unit, address, count, hear);
      return port.written;
    },
    decode: (frame) => {
      reply = { kind: 'unreadable', detail: 'the reply could not be parsed' };
      port.emit('data', Buffer.from(frame));
      return reply;
    },
  };
};
