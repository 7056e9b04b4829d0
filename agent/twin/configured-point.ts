import { KINDS } from '#wire/terms.js';
import { durationMs } from '../../drivers/document/duration.js';
import { checkTests, NUMERIC_TESTS, testsOf } from '../../drivers/profile-tests.js';
import type { PointTests, Profile, ProfilePoint } from '../../drivers/profile.js';
import type { Path, Report } from '../../drivers/document/yaml-document.js';
import type { Catalogue } from './catalogue.js';
import { convert } from './convert.js';
import { coefficientsOf } from './coefficients.js';
import type { Coefficients } from './coefficients.js';
import type { PointAdjustment } from './configuration-fields.js';
import type { ConfiguredDevice, ConfiguredPoint, Deadband } from './configuration.js';

const WINDOWS = ['1m', '15m'];
const HEARTBEAT = '15m';
const MIN_HOLD_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What surrounds a point. */
export interface PointSurroundings {
  readonly path: Path;
  readonly report: Report;
  readonly catalogue: Catalogue;
  readonly profile: Pick<Profile, 'minIntervalMs' | 'defaultIntervalMs'>;
  readonly installation: ConfiguredDevice['installation'];
  readonly device: {
    readonly path: Path;
    readonly interval?: string | undefined;
    readonly windows?: readonly string[] | undefined;
  };
}

type Range = readonly [number, number];

const sorted = (a: number, b: number): Range => (a <= b ? [a, b] : [b, a]);

/** The profile's range speaks of what the device gives; the catalogue's of what is plausible at all. */
const rangeOf = (
  adjusted: PointAdjustment,
  map: ProfilePoint,
  by: Coefficients,
  catalogue: Catalogue,
): Range | undefined => {
  const [lowest, highest] = adjusted.range ?? [];
  if (lowest !== undefined && highest !== undefined) return [lowest, highest];
  if (map.range !== undefined) {
    return sorted(map.range[0] * by.ratio + by.offset, map.range[1] * by.ratio + by.offset);
  }
  const property = catalogue.properties.get(map.property);
  if (property?.range === undefined || map.valueType === 'state' || map.valueType === 'text')
    return undefined;
  const [from, to] = property.range.map((bound) => convert(catalogue, bound, property.unit, map.unit));
  return from === undefined || to === undefined ? undefined : sorted(from, to);
};

const intervalOf = (adjusted: PointAdjustment, map: ProfilePoint, around: PointSurroundings): number => {
  const { report, profile, device } = around;
  const written = adjusted.interval ?? device.interval;
  const usual = map.intervalMs ?? profile.defaultIntervalMs;
  const intervalMs = written === undefined ? usual : durationMs(written);
  const shortest = Math.max(profile.minIntervalMs, 1);
  if (intervalMs < shortest && adjusted.interval !== undefined) {
    report(
      [...around.path, 'interval'],
      `${written} is below ${shortest}ms, the shortest that the device bears`,
    );
  }
  return intervalMs;
};

/** Windows up to an hour align to UTC: each must divide an hour. */
export const windowsOf = (written: readonly string[], path: Path, report: Report): readonly number[] => {
  for (const [index, window] of written.entries()) {
    const ms = durationMs(window);
    if (ms < 1000 || HOUR_MS % ms !== 0) {
      report([...path, String(index)], `${window} does not divide an hour`, [
        '1m',
        '5m',
        '10m',
        '15m',
        '30m',
        '1h',
      ]);
    }
  }
  return [...new Set(written.map(durationMs))].toSorted((a, b) => a - b);
};

const checkAdjustment = (adjusted: PointAdjustment, map: ProfilePoint, around: PointSurroundings): void => {
  const at = (key: string): Path => [...around.path, key];
  const numeric = map.valueType === 'integer' || map.valueType === 'float';
  for (const key of ['deadband', ...NUMERIC_TESTS] as const) {
    if (!numeric && adjusted[key] !== undefined) around.report(at(key), `a ${map.valueType} has none`);
  }
  checkTests(adjusted, around.path, around.report);
  const heartbeatMs = durationMs(adjusted.heartbeat ?? HEARTBEAT);
  if (heartbeatMs < 1) around.report(at('heartbeat'), 'must be above 0');
  if (adjusted.minReport !== undefined && durationMs(adjusted.minReport) > heartbeatMs)
    around.report(at('minReport'), `${adjusted.minReport} is above the heartbeat of ${heartbeatMs}ms`);
};

/** What a profile's thresholds are once the installation's coefficients act on the values. */
const installedTests = (tests: PointTests, { ratio, offset }: Coefficients): PointTests => {
  const range = ([from, to]: Range): Range => sorted(from * ratio + offset, to * ratio + offset);
  const { usual, spike, climatology } = tests;
  const size = Math.abs(ratio);
  return {
    ...tests,
    ...(usual === undefined ? {} : { usual: range(usual) }),
    ...(spike === undefined
      ? {}
      : {
          spike: {
            suspect: spike.suspect * size,
            ...(spike.bad === undefined ? {} : { bad: spike.bad * size }),
          },
        }),
    ...(climatology === undefined
      ? {}
      : { climatology: climatology.map((month) => (month === null ? null : range(month))) }),
  };
};

const deadbandOf = (written: number | string): Deadband =>
  typeof written === 'number' ? { absolute: written } : { percent: Number(written.replace('%', '').trim()) };

/** Scaled by its installation: an integer stays one only where the coefficients are whole. */
const installed = (map: ProfilePoint, by: Coefficients, name: string | undefined): ProfilePoint => {
  const whole = Number.isInteger(by.ratio) && Number.isInteger(by.offset);
  return {
    ...map,
    ...(name === undefined ? {} : { name }),
    ...(map.valueType === 'integer' && !whole ? { valueType: 'float' as const } : {}),
    ...(map.rollover === undefined ? {} : { rollover: map.rollover * Math.abs(by.ratio) }),
  };
};

/** Fills in one point: what the configuration says, else the device, else the profile, else the default. */
export const buildConfiguredPoint = (
  map: ProfilePoint,
  adjusted: PointAdjustment,
  around: PointSurroundings,
): ConfiguredPoint => {
  checkAdjustment(adjusted, map, around);
  const by = coefficientsOf(around.installation, map);
  const intervalMs = intervalOf(adjusted, map, around);
  const hold = adjusted.maxHold === undefined ? undefined : durationMs(adjusted.maxHold);
  if (hold !== undefined && hold < intervalMs) {
    around.report(
      [...around.path, 'maxHold'],
      `${adjusted.maxHold} is below the interval: most of the time would have no value`,
    );
  }
  const range = rangeOf(adjusted, map, by, around.catalogue);
  const maxRatePerS =
    adjusted.maxRate ?? (map.maxRatePerS === undefined ? undefined : map.maxRatePerS * Math.abs(by.ratio));
  const written = adjusted.windows ?? around.device.windows ?? WINDOWS;
  const from = adjusted.windows === undefined ? around.device.path : around.path;
  return {
    map: installed(map, by, adjusted.name),
    kind: KINDS.find((kind) => kind === map.kind) ?? 'gauge',
    intervalMs,
    maxHoldMs: hold ?? Math.max(3 * intervalMs, MIN_HOLD_MS),
    heartbeatMs: durationMs(adjusted.heartbeat ?? HEARTBEAT),
    windows: windowsOf(
      written,
      [...from, 'windows'],
      adjusted.windows === undefined ? () => undefined : around.report,
    ),
    ...(adjusted.deadband === undefined ? {} : { deadband: deadbandOf(adjusted.deadband) }),
    ...(adjusted.minReport === undefined ? {} : { minReportMs: durationMs(adjusted.minReport) }),
    ...(range === undefined ? {} : { range }),
    ...(maxRatePerS === undefined ? {} : { maxRatePerS }),
    tests: { ...installedTests(map.tests ?? {}, by), ...testsOf(adjusted) },
  };
};
