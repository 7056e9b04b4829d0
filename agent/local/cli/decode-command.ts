import { inspectFrame } from '../../../drivers/modbus/doctor/inspect-frame.js';
import { interpretRegisters } from '../../../drivers/modbus/doctor/interpretations.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { isRegisterPoint, type RegisterPoint } from '../../../drivers/profile.js';
import { markInterpretations, renderFrame, renderReadings } from '../decode-table.js';
import { LocalError } from '../errors.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';

export interface DecodeOptions {
  /** Hexadecimal, in any grouping; or a frame of Modbus ASCII from its colon. */
  readonly hex: readonly string[];
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

/** The longest frame of TCP is 260 bytes; registers are pasted in small numbers. */
const MAX_BYTES = 1024;

/** Bytes as people paste them: `01 04 04 43 66`, `0104,0443`, `0x43 0x66`, `:010300...`. */
const parseBytes = (texts: readonly string[]): Uint8Array => {
  const text = texts.join(' ').trim();
  if (text.startsWith(':')) return Uint8Array.from(Buffer.from(text, 'latin1'));
  const digits = text.replaceAll(/0x/gi, '').replaceAll(/[\s,;:-]+/g, '');
  if (!/^([0-9a-fA-F]{2})+$/.test(digits))
    throw new LocalError('usage', `decode takes bytes in hexadecimal, such as 43 66 33 34, not "${text}"`);
  if (digits.length > 2 * MAX_BYTES) throw new LocalError('usage', `decode takes at most ${MAX_BYTES} bytes`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
};

const rawHex = (bytes: Uint8Array = new Uint8Array()): string => Buffer.from(bytes).toString('hex');

const asJson = (
  frame: ReturnType<typeof inspectFrame>,
  registers: Uint8Array,
  points: readonly RegisterPoint[],
): string => {
  const readings = interpretRegisters(registers).map((each) => ({
    register: each.register,
    length: each.length,
    interpretations: markInterpretations(each, points).map(({ value, ...rest }) => ({
      ...rest,
      value: typeof value === 'bigint' ? value.toString() : value,
    })),
  }));
  const shown =
    frame === undefined ? null : { ...frame, registers: rawHex(frame.registers), bits: rawHex(frame.bits) };
  return JSON.stringify({ frame: shown, readings }, null, 2);
};

/** Prints what bytes may mean: the frame that they are, and its registers (else the bytes) in every type and order. */
export const decodeCommand = ({ hex, profile, profiles, json }: DecodeOptions, output: Output): number => {
  const points = profile === undefined ? [] : loadProfile(profiles, profile).points.filter(isRegisterPoint);
  const bytes = parseBytes(hex);
  const frame = inspectFrame(bytes);
  const registers = frame === undefined ? bytes : (frame.registers ?? new Uint8Array());
  if (frame === undefined && bytes.length % 2 === 1)
    throw new LocalError('usage', `${bytes.length} bytes are no whole registers, and no frame`);
  if (json) {
    output.print(asJson(frame, registers, points));
    return EXIT.done;
  }
  if (frame !== undefined) output.print(renderFrame(frame));
  if (registers.length > 0) output.print(renderReadings(registers, interpretRegisters(registers), points));
  return EXIT.done;
};
