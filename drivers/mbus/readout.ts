import type { Fault } from '../sample.js';
import type { Exchange } from '../telegram/asking-bus.js';
import type { Formats } from './application/formats.js';
import type { DeviceIdentity } from './application/header.js';
import { readUserData, type UserData } from './application/user-data.js';
import { SELECTED, selectionData, type MbusAddress, type SecondaryAddress } from './address.js';
import {
  encodeLong,
  encodeShort,
  MOST_FRAME_BYTES,
  readAcknowledge,
  readReply,
  type LongFrame,
} from './link/frame.js';

/** SND_NKE: the link layer begins anew, and with it a readout. */
const SND_NKE = 0x40;
/** REQ_UD2 with the frame count bit: toggled, it asks for the next telegram; not toggled, for the same again. */
const REQ_UD2 = 0x5b;
const FCB = 0x20;
/** SND_UD. */
const SND_UD = 0x53;
const CI_SELECT = 0x52;
/** Telegrams of one readout; devices with more have lost count. */
const MOST_TELEGRAMS = 32;
/** Echo of an adapter, garbage and the longest frame. */
const MOST_REPLY_BYTES = 4 * MOST_FRAME_BYTES;

/** All telegrams of one readout. `at` is the monotonic ms at which the first was asked for. */
export interface Readout {
  /** Of the link layer. */
  readonly address: number;
  readonly parts: readonly UserData[];
  readonly at: number;
}

type Result<T> = T | { readonly fault: Fault; readonly at: number };

const noAnswer = (what: string, { code, detail }: Fault): Fault => ({ code, detail: `${what}: ${detail}` });

/** Begins the link layer anew; gives whether the device acknowledged, which not all do. */
export const initialise = async (exchange: Exchange, address: number): Promise<boolean> => {
  const answer = await exchange.request({
    bytes: encodeShort(SND_NKE, address),
    read: readAcknowledge,
    maySayNothing: true,
  });
  return 'value' in answer;
};

/** Selects what matches; gives what came of it: `undefined` where a device acknowledged. */
export const select = async (
  exchange: Exchange,
  address: SecondaryAddress,
  retries = 1,
): Promise<{ readonly fault: Fault; readonly at: number } | undefined> => {
  const answer = await exchange.request({
    bytes: encodeLong(SND_UD, SELECTED, CI_SELECT, selectionData(address)),
    read: readAcknowledge,
    retries,
  });
  return 'fault' in answer ? answer : undefined;
};

const requestData = (exchange: Exchange, address: number, fcb: boolean, retries: number) =>
  exchange.request<LongFrame>({
    bytes: encodeShort(REQ_UD2 | (fcb ? FCB : 0), address),
    read: readReply,
    retries,
    mostBytes: MOST_REPLY_BYTES,
  });

const sameData = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * Asks for one telegram after the other, as long as the device says that more follow. `formats` is what the line's devices
 * said of their compact frames. Throws a `TelegramError`.
 */
export const requestAll = async (
  exchange: Exchange,
  address: number,
  retries: number,
  formats?: Formats,
): Promise<Result<Readout>> => {
  const parts: UserData[] = [];
  let before: LongFrame | undefined;
  let first: { readonly address: number; readonly at: number } | undefined;
  for (let fcb = true; parts.length < MOST_TELEGRAMS; fcb = !fcb) {
    const answer = await requestData(exchange, address, fcb, retries);
    if ('fault' in answer) return answer;
    const { value: frame, at } = answer;
    first ??= { address: frame.address, at };
    // A device that does not follow the frame count bit sends the same again.
    if (before !== undefined && sameData(before.data, frame.data)) break;
    before = frame;
    const part = readUserData(frame.ci, frame.data, formats);
    parts.push(part);
    if (part.kind !== 'variable' || !part.list.moreFollow) break;
  }
  return { address: first?.address ?? address, at: first?.at ?? exchange.now(), parts };
};

/** Who sent a readout, where it says so. */
export const identityOf = (parts: readonly UserData[]): Partial<DeviceIdentity> | undefined => {
  for (const part of parts) {
    if (part.kind === 'fixed')
      return { identification: part.fixed.identification, medium: part.fixed.medium };
    if ('header' in part && part.header?.identity !== undefined) return part.header.identity;
  }
  return undefined;
};

const fits = (said: string, digits: string): boolean =>
  Array.from(digits).every((digit, index) => digit === 'F' || digit === said[index]);

const differs = (asked: unknown, said: unknown): boolean =>
  asked !== undefined && said !== undefined && asked !== said;

/** Why a reply is not of the device that was selected; `undefined` where it is. */
const stranger = (address: SecondaryAddress, parts: readonly UserData[]): string | undefined => {
  const identity = identityOf(parts);
  if (identity === undefined) return undefined;
  const { identification = '', manufacturer, version, medium } = identity;
  if (!fits(identification, address.identification)) return identification;
  return differs(address.manufacturer, manufacturer) ||
    differs(address.version, version) ||
    differs(address.medium, medium)
    ? `${identification} ${manufacturer ?? ''}`
    : undefined;
};

/** Reads out one device: from its first telegram to its last. Throws a `TelegramError` where they cannot be read. */
export const readOut = async (
  exchange: Exchange,
  address: MbusAddress,
  formats: Formats,
): Promise<Result<Readout>> => {
  if (address.kind === 'secondary') {
    // Who is selected still begins anew, and is selected no more; nobody may be. Selections alone need not do either.
    await initialise(exchange, SELECTED);
    const failed = await select(exchange, address);
    if (failed !== undefined) return { ...failed, fault: noAnswer('the selection', failed.fault) };
    const read = await requestAll(exchange, SELECTED, 1, formats);
    if ('fault' in read) return read;
    const other = stranger(address, read.parts);
    return other === undefined
      ? read
      : { at: read.at, fault: { code: 'identity', detail: `the selected device says it is ${other}` } };
  }
  const acknowledged = await initialise(exchange, address.number);
  const read = await requestAll(exchange, address.number, acknowledged ? 1 : 0, formats);
  if ('fault' in read || address.number === read.address || address.number > 250) return read;
  return {
    at: read.at,
    fault: { code: 'frame', detail: `the reply is of address ${read.address}` },
  };
};
