import type { Channel } from '../channel/channel.js';
import type { Endpoint } from '../driver.js';
import {
  FinderError,
  settingsName,
  type Candidate,
  type Finder,
  type FinderDeps,
  type FindOptions,
  type FoundDevice,
} from '../finder.js';
import { isFieldPoint, type Profile } from '../profile.js';
import type { ListeningParts } from './listening-bus.js';
import { samplesOf } from './samples-of.js';
import { TelegramError } from './telegram-error.js';
import type { Field, Telegram } from './telegram.js';

/** Speeds at which devices of a protocol speak, the usual first. */
export interface SpeakerParts extends Pick<ListeningParts, 'createFramer' | 'decode'> {
  readonly speeds: readonly number[];
}

/** What was heard at one setting of the line. */
interface Hearing {
  /** All that each address said, by address. */
  readonly said: ReadonlyMap<string, Telegram>;
  readonly bytes: number;
}

/** Senders of one line that are remembered. */
const MAX_SENDERS = 32;

const merged = (before: Telegram | undefined, now: Telegram): Telegram =>
  before === undefined
    ? now
    : { ...before, ...now, fields: new Map<string, Field>([...before.fields, ...now.fields]) };

const endpointsOf = (
  { endpoint, settled }: FindOptions['target'],
  speeds: readonly number[],
): readonly Endpoint[] => {
  if (endpoint.type !== 'serial' || settled) return [endpoint];
  return [...new Set([endpoint.baudRate, ...speeds])].map((baudRate) => ({ ...endpoint, baudRate }));
};

const open = async (endpoint: Endpoint, deps: FinderDeps, signal: AbortSignal): Promise<Channel> => {
  try {
    return await deps.openChannel(endpoint, signal);
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FinderError('unreachable', why, { cause });
  }
};

const listen = async (
  endpoint: Endpoint,
  parts: SpeakerParts,
  { listenMs }: FindOptions,
  deps: FinderDeps,
  signal: AbortSignal,
): Promise<Hearing> => {
  const channel = await open(endpoint, deps, signal);
  const said = new Map<string, Telegram>();
  const frame = parts.createFramer(undefined);
  let bytes = 0;
  channel.onData((more) => {
    bytes += more.length;
    for (const raw of frame(more)) {
      try {
        const telegram = parts.decode(raw, undefined);
        if (said.has(telegram.address) || said.size < MAX_SENDERS)
          said.set(telegram.address, merged(said.get(telegram.address), telegram));
      } catch (error) {
        if (!(error instanceof TelegramError)) throw error;
      }
    }
  });
  try {
    await deps.delay(listenMs, signal);
  } finally {
    await channel.close();
  }
  return { said, bytes };
};

const candidate = (profile: Profile, telegram: Telegram): Candidate => {
  const samples = samplesOf(profile.points.filter(isFieldPoint), telegram, 0);
  // A field that is empty now is a field that the device has.
  const fitting = samples.filter(({ fault }) => fault === undefined || fault.code === 'sentinel').length;
  return { profile, fitting, against: samples.length - fitting, identified: false };
};

const score = ({ fitting, against }: Candidate): number => fitting - against;

const recognise = (telegram: Telegram, profiles: readonly Profile[], now: number): FoundDevice => {
  const candidates = profiles
    .map((profile) => candidate(profile, telegram))
    .filter(({ fitting }) => fitting > 0)
    .toSorted((a, b) => score(b) - score(a));
  const [best, ...rivals] = candidates;
  const says = `${telegram.fields.size} fields`;
  if (best === undefined) return { address: telegram.address, certain: false, rivals, samples: [], says };
  const [next] = rivals;
  return {
    address: telegram.address,
    best,
    certain: best.against === 0 && (next === undefined || score(next) < score(best)),
    rivals,
    samples: samplesOf(best.profile.points.filter(isFieldPoint), telegram, now),
    says,
  };
};

/** Finds devices that speak unasked by listening at one speed after the other, until something sound is heard. */
export const createSpeakerFinder =
  (parts: SpeakerParts): Finder =>
  async (options, deps, signal) => {
    const { target, profiles } = options;
    const report = { framing: target.framing, overheard: 0, doubtful: [], notes: [] };
    const endpoints = endpointsOf(target, parts.speeds);
    const garbled: string[] = [];
    const [usual = target.endpoint] = endpoints;
    try {
      for (const [done, endpoint] of endpoints.entries()) {
        const what = settingsName(endpoint);
        deps.progress({ phase: 'listening', what, done, total: endpoints.length, found: 0 });
        const { said, bytes } = await listen(endpoint, parts, options, deps, signal);
        const heard = [...said.values()].filter(
          ({ address }) => options.addresses === undefined || options.addresses.includes(address),
        );
        if (heard.length > 0) {
          const devices = heard.map((telegram) => recognise(telegram, profiles, deps.now()));
          return { ...report, endpoint, devices, garbled, complete: true };
        }
        if (bytes > 0 && said.size === 0) garbled.push(what);
      }
      return { ...report, endpoint: usual, devices: [], garbled, complete: true };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { ...report, endpoint: usual, devices: [], garbled, complete: false };
    }
  };
