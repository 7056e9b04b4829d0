import type { Health } from '#wire/messages.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import type { BufferState } from '../buffer/buffer.js';
import type { Clock } from '../clock/clock.js';
import type { UplinkView } from '../uplink/uplink.js';

export interface HealthSources {
  readonly clock: Pick<Clock, 'now'>;
  readonly buffer: { state(): Promise<BufferState> };
  readonly acquisition: Pick<Acquisition, 'counters'>;
  readonly uplink: () => Pick<UplinkView, 'lastError' | 'data'>;
}

const storageOf = ({
  storage: { kind, usedBytes, allowedBytes, thinned },
  wear: { writtenBytesPerReading, yearsOfCard },
  lostReadings,
}: Pick<BufferState, 'storage' | 'wear' | 'lostReadings'>): NonNullable<Health['storage']> => ({
  kind,
  usedBytes,
  allowedBytes,
  thinned,
  lostReadings,
  ...(writtenBytesPerReading === undefined ? {} : { writtenBytesPerReading }),
  ...(yearsOfCard === undefined ? {} : { yearsOfCard }),
});

/** The agent's state as `up/health` tells it; counters run since the start. */
export const reportHealth = async (sources: HealthSources): Promise<Health> => {
  const { fileBytes, walBytes, unsealedRows, unackedBatches, quarantinedBatches, ...stored } =
    await sources.buffer.state();
  const { lastError, data } = sources.uplink();
  const { month, bytes, budgetBytes } = data;
  return {
    time: sources.clock.now().time,
    uptimeS: Math.round(process.uptime()),
    rssBytes: process.memoryUsage.rss(),
    buffer: {
      bytes: fileBytes + walBytes,
      unsealed: unsealedRows,
      unackedBatches,
      quarantined: quarantinedBatches,
    },
    buses: [...sources.acquisition.counters().buses].map(([key, { polls }]) => ({
      key,
      ok: polls.ok,
      timeouts: polls.timeouts,
      errors: polls.errors,
    })),
    storage: storageOf(stored),
    uplink: { month, bytes, budgetBytes },
    ...(lastError === undefined ? {} : { lastError }),
  };
};
