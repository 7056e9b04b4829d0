import { createTryingFinder } from '../telegram/find-by-trying.js';
import { createDavis } from './davis.js';

/** Finds the console of a line: at 19200 baud, or at what it may be set to (manual, section I). */
export const findDavisDevices = createTryingFinder({
  openBus: (settings, deps) => createDavis().openBus(settings, deps),
  speeds: [19_200, 9600, 4800, 2400, 1200],
  addresses: () => [''],
  replyMs: () => 4_000,
});
