import { durationMs } from './document/duration.js';
import type { Path, Report } from './document/yaml-document.js';
import type { TestFields } from './profile-fields.js';
import type { PointTests } from './profile.js';

const MONTHS = 12;

/** Keys of tests that only numbers have. */
export const NUMERIC_TESTS = ['range', 'usual', 'maxRate', 'spike', 'climatology'] as const;

/** A range runs from its lowest to its highest value. */
export const checkRange = (range: readonly number[] | undefined, path: Path, report: Report): void => {
  const [lowest, highest] = range ?? [];
  if (lowest !== undefined && highest !== undefined && lowest >= highest) {
    report(path, `the lowest value ${lowest} is not below the highest ${highest}`);
  }
};

export const asRange = (range: readonly number[] | undefined): readonly [number, number] | undefined => {
  const [lowest, highest] = range ?? [];
  return lowest === undefined || highest === undefined ? undefined : [lowest, highest];
};

/** Reports what cannot be meant: ranges upside down, a bad spike smaller than a suspect one. */
export const checkTests = (fields: TestFields, path: Path, report: Report): void => {
  checkRange(fields.range, [...path, 'range'], report);
  checkRange(fields.usual, [...path, 'usual'], report);
  for (const [month, range] of Object.entries(fields.climatology ?? {}))
    checkRange(range, [...path, 'climatology', month], report);
  const [suspect = 0, bad = Infinity] = fields.spike ?? [];
  if (bad <= suspect)
    report([...path, 'spike'], `the bad distance ${bad} is not above the suspect one ${suspect}`);
  for (const key of ['flatLine', 'gap'] as const) {
    const written = fields[key];
    if (written !== undefined && durationMs(written) < 1) report([...path, key], 'must be above 0');
  }
};

const spikeOf = ([suspect, bad]: readonly number[]): PointTests['spike'] =>
  suspect === undefined ? undefined : { suspect, ...(bad === undefined ? {} : { bad }) };

/** The tests beside range and rate, as far as they are written. */
export const testsOf = ({ usual, spike, flatLine, gap, climatology }: TestFields): PointTests => {
  const [usually, spiky] = [asRange(usual), spikeOf(spike ?? [])];
  return {
    ...(usually === undefined ? {} : { usual: usually }),
    ...(spiky === undefined ? {} : { spike: spiky }),
    ...(flatLine === undefined ? {} : { flatLineMs: durationMs(flatLine) }),
    ...(gap === undefined ? {} : { gapMs: durationMs(gap) }),
    ...(climatology === undefined
      ? {}
      : {
          climatology: Array.from(
            { length: MONTHS },
            (_, index) => asRange(climatology[String(index + 1)]) ?? null,
          ),
        }),
  };
};
