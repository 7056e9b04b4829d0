import { createSpeakerFinder } from '../telegram/find-speakers.js';
import { decodeNmea } from './decode.js';
import { createNmeaFramer } from './frame.js';

/** Finds the talkers of a line: at 4800 baud as the standard has it, at what receivers leave the factory with, or at 38400. */
export const findNmeaDevices = createSpeakerFinder({
  createFramer: createNmeaFramer,
  decode: (raw) => decodeNmea(raw),
  speeds: [4800, 9600, 38_400, 115_200],
});
