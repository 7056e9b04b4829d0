import type { Doubt, Fault } from '../sample.js';
import type { CurrentLoop } from '../profile.js';

/** NAMUR NE 43: below and above these currents, mA, a 4–20 mA transmitter or its line has failed. */
const FAILED: readonly [below: number, above: number] = [3.6, 21];
/** NAMUR NE 43: the currents, mA, that carry a measurement; beyond them the transmitter is at its end. */
const MEASURING: readonly [from: number, to: number] = [3.8, 20.5];

/** What arithmetic on floats leaves behind must not decide at a limit. */
const round = (mA: number): number => Number(mA.toFixed(6));

/** The current in mA that stands for a value of the loop's unit. */
export const loopCurrent = (value: number, { at4mA, at20mA }: CurrentLoop): number =>
  round(4 + (16 * (value - at4mA)) / (at20mA - at4mA));

/** What a loop's current says of its value: nothing, that it is not to be trusted, or that it is none. */
export const judgeLoop = (
  value: number,
  loop: CurrentLoop,
): { readonly fault?: Fault; readonly doubt?: Doubt } => {
  const mA = loopCurrent(value, loop);
  if (mA < FAILED[0] || mA > FAILED[1])
    return { fault: { code: 'sensor', detail: `the loop carries ${mA} mA: sensor or line failed (NE 43)` } };
  if (mA < MEASURING[0] || mA > MEASURING[1])
    return {
      doubt: { reason: 'sensor-fault', detail: `the loop carries ${mA} mA: beyond its range (NE 43)` },
    };
  return {};
};
