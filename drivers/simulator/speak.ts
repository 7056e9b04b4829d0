import type { Channel } from '../channel/channel.js';
import type { SimulatorFaults } from './faults.js';
import { createRandom } from './random.js';

/** Between two pieces of a split telegram: longer than a USB adapter's 16 ms. */
const SPLIT_MS = 20;
/** Of the printable characters: garbage that looks like text. */
const STRAY_FROM = 0x30;
const STRAY_COUNT = 40;

export interface Speech {
  /** From the beginning of one telegram to that of the next, ms. */
  readonly everyMs: number;
  readonly faults: SimulatorFaults;
  /** What is said now; empty: nothing. */
  readonly next: () => Uint8Array;
}

/** Damages, splits and delays what is said, as the faults ask. */
const spoilt = (
  telegram: Uint8Array,
  faults: SimulatorFaults,
  random: () => number,
): readonly (readonly [bytes: Uint8Array, afterMs: number])[] => {
  const happens = (rate: number): boolean => rate > 0 && random() < rate;
  const at = Math.floor(random() * telegram.length);
  const damaged = happens(faults.crcRate) ? telegram.with(at, (telegram[at] ?? 0) ^ 0x01) : telegram;
  const stray = happens(faults.strayRate) ? [STRAY_FROM + Math.floor(random() * STRAY_COUNT)] : [];
  const bytes = Uint8Array.from([...stray, ...damaged]);
  const afterMs = happens(faults.lateRate) ? faults.lateMs : 0;
  if (!happens(faults.splitRate)) return [[bytes, afterMs]];
  const half = Math.ceil(bytes.length / 2);
  return [
    [bytes.subarray(0, half), afterMs],
    [bytes.subarray(half), afterMs + SPLIT_MS],
  ];
};

/** Gives a function that speaks on a channel, unasked and at once, until that closes. */
export const createSpeaker = ({ everyMs, faults, next }: Speech): ((channel: Channel) => void) => {
  const random = createRandom(faults.seed);
  return (channel) => {
    const late = new Set<NodeJS.Timeout>();
    // A listener that has gone needs no telegram.
    const write = (bytes: Uint8Array): void => void channel.write(bytes).catch(() => {});
    const speak = (): void => {
      const telegram = next();
      if (telegram.length === 0) return;
      for (const [bytes, afterMs] of spoilt(telegram, faults, random)) {
        if (afterMs === 0) {
          write(bytes);
          continue;
        }
        const timer = setTimeout(() => {
          late.delete(timer);
          write(bytes);
        }, afterMs);
        late.add(timer);
      }
    };
    const timer = setInterval(speak, everyMs);
    channel.onClose(() => {
      clearInterval(timer);
      late.forEach((each) => clearTimeout(each));
    });
    channel.onData(() => {});
    speak();
  };
};
