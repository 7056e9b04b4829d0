import { createTryingFinder } from '../telegram/find-by-trying.js';
import { instrumentOf } from './instrument.js';
import { createLine } from './line.js';

/** Where makers leave instruments that have an address. */
const USUAL_ADDRESSES = ['0', '1', 'A'];

/** Instruments answer at once, ms. */
const REPLY_MS = 1_000;
/** Most that speak unasked do so every second or two, ms. */
const UNASKED_MS = 4_000;

const hasAddress = (section: unknown): boolean => {
  const { command } = instrumentOf(section);
  return command !== undefined && Buffer.compare(command('0'), command('1')) !== 0;
};

/** Finds the instrument of a line by the patterns of its profiles: asked where they ask, listened to where they do not. */
export const findLineDevices = createTryingFinder({
  openBus: (settings, deps) => createLine().openBus(settings, deps),
  speeds: [9600, 19_200, 4800, 2400, 1200, 38_400],
  addresses: ({ section }) => (hasAddress(section) ? USUAL_ADDRESSES : ['']),
  replyMs: ({ section }) => (instrumentOf(section).command === undefined ? UNASKED_MS : REPLY_MS),
});
