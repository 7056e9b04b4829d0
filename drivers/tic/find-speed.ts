import type { Channel } from '../channel/channel.js';
import { ChannelError } from '../channel/channel-error.js';
import type { BusDeps, Endpoint } from '../driver.js';
import { sevenBits, splitGroups } from './frame.js';
import { parseGroup } from './group.js';

/** Standard mode, historic mode, then the speeds that meters above 36 kVA may be set to (Enedis-NOI-CPT_02E). */
export const TIC_SPEEDS = [9600, 1200, 19_200, 4800, 2400];
/** Some groups of a frame at 1200 baud, and the pause between two frames. */
const LISTEN_MS = 3000;
/** A sum of six bits lets one damaged group in 64 through: one alone proves nothing. */
const SOUND_GROUPS = 2;
/** Groups are told from a window of what came last. */
const WINDOW = 1024;

type SerialEndpoint = Extract<Endpoint, { type: 'serial' }>;

const isSound = (raw: Uint8Array): boolean => {
  try {
    parseGroup(raw);
    return true;
  } catch {
    return false;
  }
};

/** How many groups among these bytes are sound; the first and the last may be cut. */
export const soundGroups = (bytes: Uint8Array): number =>
  splitGroups(sevenBits(bytes)).filter(isSound).length;

/** Resolves to whether a meter is heard on an open channel before the time is over. */
const hears = async (
  channel: Channel,
  { delay }: Pick<BusDeps, 'delay'>,
  signal: AbortSignal,
): Promise<boolean> => {
  const heard = new AbortController();
  let bytes = new Uint8Array(0);
  channel.onData((more) => {
    bytes = Uint8Array.from([...bytes, ...more]).slice(-WINDOW);
    if (soundGroups(bytes) >= SOUND_GROUPS) heard.abort();
  });
  await delay(LISTEN_MS, AbortSignal.any([signal, heard.signal])).catch(() => signal.throwIfAborted());
  return heard.signal.aborted;
};

/**
 * Opens a serial port at the speed at which a meter is heard there: the endpoint's own first, then the others; once found,
 * the found one first. Rejects with a `ChannelError` where none is heard at any.
 */
export const createSpeedFinder = (deps: Pick<BusDeps, 'openChannel' | 'delay'>): BusDeps['openChannel'] => {
  let found: number | undefined;
  const open = async (endpoint: SerialEndpoint, signal: AbortSignal): Promise<Channel> => {
    const speeds = [...new Set([found ?? endpoint.baudRate, endpoint.baudRate, ...TIC_SPEEDS])];
    for (const baudRate of speeds) {
      const channel = await deps.openChannel({ ...endpoint, baudRate }, signal);
      try {
        if (await hears(channel, deps, signal)) {
          found = baudRate;
          return channel;
        }
      } catch (cause) {
        await channel.close();
        throw cause;
      }
      await channel.close();
    }
    throw new ChannelError(
      'unreachable',
      `no meter is heard on ${endpoint.path} at ${speeds.join(', ')} baud`,
    );
  };
  return (endpoint, signal) =>
    endpoint.type === 'serial' ? open(endpoint, signal) : deps.openChannel(endpoint, signal);
};
