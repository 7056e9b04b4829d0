/** How values are asked for: a measurement that is started and then fetched (all but R and X), or one question. */
export type MeasurementKind = 'M' | 'C' | 'V' | 'R' | 'HA' | 'HB' | 'X';

export interface Measurement {
  readonly kind: MeasurementKind;
  /** What follows the kind: a digit (`M1`, `R0`), nothing, or the text of an extended command. */
  readonly suffix: string;
}

/** Most values that the answer to a start can announce: SDI-12 1.4, table 11. */
export const MOST_VALUES: Readonly<Record<MeasurementKind, number>> = {
  M: 9,
  C: 99,
  V: 9,
  R: 99,
  HA: 999,
  HB: 999,
  X: 99,
};

/** Pages of values that can be fetched after a start: `aD0!` to `aD9!`, after HA and HB to 999. */
export const pagesOf = ({ kind }: Measurement): number => (kind === 'HA' || kind === 'HB' ? 1000 : 10);

/** `M`, `M1`, `C`, `R0`, `V`, `HA`, `HB`, `X...`: what names a measurement in fields. */
export const measurementName = ({ kind, suffix }: Measurement): string => `${kind}${suffix}`;

/** An extended command, 4.4.13: printable, and without the `!` that ends a command. */
const PATTERN =
  /^(?:(M|C)([1-9]?)|(R)([0-9])|(V)|(HA)|(HB)|(X)([A-Za-z0-9 "#$%&'()*+,\-/:;<=>?@[\\\]^_`{|}~]{1,40}))$/;

/** Reads the name of a measurement; `undefined` where there is none of that name. */
export const parseMeasurement = (name: string): Measurement | undefined => {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  const [, ...groups] = match;
  const kinds: readonly MeasurementKind[] = ['M', 'C', 'R', 'V', 'HA', 'HB', 'X'];
  const kind = kinds.find((candidate) => groups.includes(candidate));
  return kind === undefined ? undefined : { kind, suffix: name.slice(kind.length) };
};

/** With a CRC the command has a `C` before its digit (`MC1`, `CC`, `RC0`); V, HA, HB and X have no such form. */
export const canAskForCrc = ({ kind }: Measurement): boolean => kind === 'M' || kind === 'C' || kind === 'R';

/** High-volume values bear a CRC unasked (5.1, 5.2), and so do their metadata (6.2, table 20). */
export const alwaysBearsCrc = ({ kind }: Measurement): boolean => kind === 'HA' || kind === 'HB';

/** The command that starts or asks it, such as `0MC1!`. `crc`: ask that values bear one, where the command can. */
export const startCommand = (address: string, measurement: Measurement, crc: boolean): string =>
  `${address}${measurement.kind}${crc && canAskForCrc(measurement) ? 'C' : ''}${measurement.suffix}!`;

/** The command that fetches a page of its values. */
export const dataCommand = (address: string, { kind }: Measurement, page: number): string =>
  `${address}D${kind === 'HB' ? 'B' : ''}${page}!`;

/** Reads a command body as it stands on the line, without address and `!`; `crc`: its answer bears one. */
export const parseCommandBody = (
  body: string,
): { readonly measurement: Measurement; readonly crc: boolean } | undefined => {
  // Some makers' manuals write R0C for RC0.
  const [, kind, suffix] = /^([MCRV])C([0-9]?)$/.exec(body) ?? /^(R)([0-9])C$/.exec(body) ?? [];
  const measurement = parseMeasurement(kind === undefined ? body : `${kind}${suffix ?? ''}`);
  if (measurement === undefined) return undefined;
  return { measurement, crc: kind !== undefined || alwaysBearsCrc(measurement) };
};
