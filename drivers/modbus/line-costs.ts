import type { BusSettings, Endpoint } from '../driver.js';
import type { RegisterMap } from '../profile.js';
import { isBitTable } from './register-layout.js';

/** What reading costs on one line, for one unit, ms. */
export interface ReadCosts {
  /** One more request: its characters and those around the data of its reply, the gaps, the unit's turnaround. */
  readonly requestMs: number;
  /** One more register in a request. */
  readonly registerMs: number;
}

/** Until a unit has been measured: what a meter takes on a serial line, and a round trip of a local network. */
export const USUAL_TURNAROUND_MS = { serial: 20, tcp: 5 } as const;

/** A serial server does not say how fast its line is: that of most meters, 9600 baud and 11 bits. */
const HIDDEN_LINE = { bitsPerCharacter: 11, baudRate: 9600 } as const;
/** A byte on a network is all but free; above 0, so that of two plans as fast the shorter one is taken. */
const NETWORK_BYTE_MS = 0.000_1;
/** So dear a register that no gap is read: dearer than any request. */
const NO_GAPS = 4;
/** Modbus over Serial Line 1.02, 2.5.1.1: above 19200 baud the gap stays 1.75 ms. */
const SHORTEST_GAP_MS = 1.75;
const GAP_CHARACTERS = 3.5;
/** Characters of a read's request, and of its reply beside the data. */
const REQUEST_CHARACTERS = 8;
const REPLY_CHARACTERS = 5;
/** ASCII writes each byte as two characters, and has a colon, CR and LF about a frame, and one byte of LRC for two of CRC. */
const inAscii = (bytes: number): number => 2 * bytes + 1;

const bitsPerCharacter = ({ dataBits, parity, stopBits }: Extract<Endpoint, { type: 'serial' }>): number =>
  1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits;

/** How long things take on one line, whatever the unit. */
export interface LineTimes {
  /** One character: start, data, parity and stop bits; 0 where there is no serial line. */
  readonly characterMs: number;
  /** Silence between two frames, with the pause that is configured. */
  readonly gapMs: number;
  /** A read of `dataBytes` from its first character to the last of its reply, without the turnaround. */
  wireMs(dataBytes: number): number;
  /**
   * `turnaroundMs`: from the last character of a request to the first of its reply; `undefined`: not measured.
   * `unitPauseMs`: the silence that this unit needs between two frames.
   */
  costs(turnaroundMs: number | undefined, unitPauseMs?: number): ReadCosts;
  /** By what was measured of a line whose speed is hidden: of a byte of data, and of a request beside its data. */
  measuredCosts(byteMs: number, restMs: number, unitPauseMs?: number): ReadCosts;
}

/** As if no register were worth reading in vain: what such requests take, beside those with gaps, tells a line's speed. */
export const withoutGaps = ({ requestMs }: ReadCosts): ReadCosts => ({
  requestMs,
  registerMs: NO_GAPS * requestMs,
});

/** Times of a line as configured, from its speed, its characters and its framing. */
export const lineTimes = ({
  endpoint,
  framing,
  pauseMs,
}: Pick<BusSettings, 'endpoint' | 'framing' | 'pauseMs'>): LineTimes => {
  const overTcp = framing === 'tcp';
  const characterMs = overTcp
    ? 0
    : endpoint.type === 'serial'
      ? (1000 * bitsPerCharacter(endpoint)) / endpoint.baudRate
      : (1000 * HIDDEN_LINE.bitsPerCharacter) / HIDDEN_LINE.baudRate;
  const silenceMs = framing === 'rtu' ? Math.max(SHORTEST_GAP_MS, GAP_CHARACTERS * characterMs) : 0;
  const byteMs = overTcp ? NETWORK_BYTE_MS : framing === 'ascii' ? 2 * characterMs : characterMs;
  const overhead =
    framing === 'ascii'
      ? inAscii(REQUEST_CHARACTERS) + inAscii(REPLY_CHARACTERS)
      : REQUEST_CHARACTERS + REPLY_CHARACTERS;
  const gapMs = silenceMs + pauseMs;
  const usual = overTcp ? USUAL_TURNAROUND_MS.tcp : USUAL_TURNAROUND_MS.serial + silenceMs;
  return {
    characterMs,
    gapMs,
    wireMs: (dataBytes) => overhead * characterMs + dataBytes * byteMs,
    costs: (turnaroundMs = usual, unitPauseMs = 0) => ({
      requestMs: overhead * characterMs + Math.max(gapMs, unitPauseMs) + turnaroundMs,
      registerMs: 2 * byteMs,
    }),
    measuredCosts: (measuredByteMs, restMs, unitPauseMs = 0) => ({
      requestMs: Math.max(gapMs, unitPauseMs) + restMs,
      registerMs: 2 * Math.max(NETWORK_BYTE_MS, measuredByteMs),
    }),
  };
};

/** Bytes of data in the reply to a read of `count` registers or bits. */
export const dataBytes = (table: RegisterMap['table'], count: number): number =>
  isBitTable(table) ? Math.ceil(count / 8) : 2 * count;

/** What a read of `count` registers or bits takes, with its share of the silence between frames, ms. */
export const readMs = (table: RegisterMap['table'], count: number, costs: ReadCosts): number =>
  costs.requestMs + (dataBytes(table, count) * costs.registerMs) / 2;
