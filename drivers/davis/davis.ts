import type { Protocol, UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import { createAskingBus, faultySamples, type Ask, type Exchange } from '../telegram/asking-bus.js';
import type { LineAnswer, Reading } from '../telegram/asking-line.js';
import { samplesOf } from '../telegram/samples-of.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { packetsWith } from './davis-fields.js';
import { decodePacket, PACKET_BYTES } from './decode-packet.js';
import { davisDialect } from './dialect.js';

const ACK = 0x06;
const NAK = 0x21;
const CR = 0x0d;
/** A console that sleeps is woken by LF, and says LF CR within this (manual, "waking up the console"). */
const WAKE_MS = 1200;
const WAKES = 3;

type Packet = 'LOOP' | 'LOOP2';
type Answer = { readonly telegram: Telegram } | { readonly refused: true };

const REQUESTS: Readonly<Record<Packet, Uint8Array>> = {
  LOOP: Buffer.from('LOOP 1\n'),
  LOOP2: Buffer.from('LPS 2 1\n'),
};

/** The packet behind the ACK; what stands before that is the rest of the waking. */
const readAnswer = (received: Uint8Array, section: unknown): Reading<Answer> => {
  const at = received.findIndex((byte) => byte === ACK || byte === NAK);
  if (at < 0) return { kind: 'more' };
  if (received[at] === NAK) return { kind: 'reply', value: { refused: true } };
  const packet = received.slice(at + 1, at + 1 + PACKET_BYTES);
  if (packet.length < PACKET_BYTES) return { kind: 'more' };
  try {
    return { kind: 'reply', value: { telegram: decodePacket(packet, section) } };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { kind: 'fault', code: error.code === 'checksum' ? 'checksum' : 'frame', detail: error.message };
  }
};

const askPacket = async (
  exchange: Exchange,
  packet: Packet,
  points: readonly FieldPoint[],
  section: unknown,
): Promise<readonly Sample[]> => {
  const answer = await exchange.request({
    bytes: REQUESTS[packet],
    read: (received) => readAnswer(received, section),
    retries: 1,
  });
  if ('fault' in answer) return faultySamples(points, answer.fault, answer.at);
  if ('telegram' in answer.value) return samplesOf(points, answer.value.telegram, answer.at);
  exchange.refused();
  const detail =
    packet === 'LOOP2'
      ? 'the console has no LOOP2 packets: its firmware is older than 1.90'
      : 'the console refuses the LOOP command';
  const fault: Fault = { code: 'exception', detail };
  return faultySamples(points, fault, answer.at);
};

/** Which packet each point is read from: as few packets as give all of them. */
const share = (points: readonly FieldPoint[]): ReadonlyMap<Packet, readonly FieldPoint[]> => {
  const alone = (packet: Packet): boolean =>
    points.some(({ field }) => packetsWith(field).every((each) => each === packet));
  const preferred: Packet = alone('LOOP2') && !alone('LOOP') ? 'LOOP2' : 'LOOP';
  const from = ({ field }: FieldPoint): Packet =>
    packetsWith(field).includes(preferred) ? preferred : (packetsWith(field)[0] ?? preferred);
  const shared = new Map<Packet, FieldPoint[]>();
  for (const point of points) shared.set(from(point), [...(shared.get(from(point)) ?? []), point]);
  return shared;
};

/** A console that sleeps may miss some LFs; what it says too late to one of them is no packet, and is not waited for. */
const wake = async (exchange: Exchange): Promise<LineAnswer<true>> => {
  for (let left = WAKES - 1; ; left--) {
    const woken = await exchange.request<true>({
      bytes: Uint8Array.of(0x0a),
      read: (received) => (received.includes(CR) ? { kind: 'reply', value: true } : { kind: 'more' }),
      timeoutMs: WAKE_MS,
      maySayNothing: left > 0,
    });
    if ('value' in woken || left === 0 || woken.fault.code === 'closed') return woken;
  }
};

const ask: Ask = async (exchange, { section }: UnitSettings, points) => {
  const woken = await wake(exchange);
  if ('fault' in woken) return faultySamples(points, woken.fault, woken.at);
  const samples: Sample[] = [];
  for (const [packet, its] of share(points))
    samples.push(...(await askPacket(exchange, packet, its, section)));
  return samples;
};

/** Davis Vantage consoles, woken and asked for one packet of each kind that is needed. `openBus` connects nothing. */
export const createDavis = (): Protocol => ({
  name: davisDialect.protocol,
  dialect: davisDialect,
  openBus: (settings, deps) => createAskingBus(settings, deps, ask, { repliesTell: true }),
});
