import type { Protocol } from '../driver.js';
import { createListeningBus } from '../telegram/listening-bus.js';
import { decodeTic } from './decode.js';
import { ticDialect } from './dialect.js';
import { createSpeedFinder } from './find-speed.js';
import { createTicFramer } from './frame.js';
import { ticSection } from './section.js';

/**
 * The client output of French electricity meters: one meter a line, which speaks without being asked. With framing
 * `auto` the speed of a serial port is found by listening.
 */
export const createTic = (): Protocol => ({
  name: ticDialect.protocol,
  dialect: ticDialect,
  openBus: (settings, deps) =>
    createListeningBus(
      settings,
      settings.framing === 'auto' ? { ...deps, openChannel: createSpeedFinder(deps) } : deps,
      {
        createFramer: createTicFramer,
        decode: (raw, section) => decodeTic(raw, ticSection(section)),
        complete: true,
      },
    ),
});
