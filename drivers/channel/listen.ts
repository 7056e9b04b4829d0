import type { BusDeps, Endpoint } from '../driver.js';

/** What a line said while nobody asked anything. */
export interface Overheard {
  readonly bytes: number;
  /** The first of them. */
  readonly head: Uint8Array;
}

const HEAD_BYTES = 32;

/**
 * Opens an endpoint and listens for `ms` without sending. Bytes mean another master (or noise), whatever the speed.
 * Rejects with a `ChannelError` where it cannot be opened, or with the signal's reason.
 */
export const listen = async (
  endpoint: Endpoint,
  deps: Pick<BusDeps, 'openChannel' | 'delay'>,
  ms: number,
  signal: AbortSignal,
): Promise<Overheard> => {
  const channel = await deps.openChannel(endpoint, signal);
  let bytes = 0;
  let head = new Uint8Array();
  channel.onData((heard) => {
    bytes += heard.length;
    if (head.length < HEAD_BYTES)
      head = Uint8Array.from([...head, ...heard.subarray(0, HEAD_BYTES - head.length)]);
  });
  try {
    await deps.delay(ms, signal);
  } finally {
    await channel.close();
  }
  return { bytes, head };
};
