import { createSpeakerFinder } from '../telegram/find-speakers.js';
import { decodeTic } from './decode.js';
import { TIC_SPEEDS } from './find-speed.js';
import { createTicFramer } from './frame.js';

/** Finds the meter of a line: in standard mode, in historic mode, or at a speed that larger meters may be set to. */
export const findTicDevices = createSpeakerFinder({
  createFramer: createTicFramer,
  decode: (raw) => decodeTic(raw),
  speeds: TIC_SPEEDS,
});
