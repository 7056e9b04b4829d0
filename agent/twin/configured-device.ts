import type { Dialect } from '../../drivers/dialect.js';
import { DIALECTS } from '../../drivers/dialects.js';
import { checkSchema } from '../../drivers/document/check-schema.js';
import { durationMs } from '../../drivers/document/duration.js';
import { nearest } from '../../drivers/document/nearest.js';
import type { Path, YamlDocument } from '../../drivers/document/yaml-document.js';
import { modbusDialect } from '../../drivers/modbus/dialect.js';
import { DEFAULT_INTERVAL_MS, DEFAULT_MAX_REGISTERS, ProfileError } from '../../drivers/profile-file.js';
import { buildPoint, type PointContext } from '../../drivers/profile-point.js';
import { TELEGRAM_PROTOCOLS } from '../../drivers/profile-fields.js';
import { sectionOf } from '../../drivers/profile-section.js';
import type { Profile } from '../../drivers/profile.js';
import type { Catalogue } from './catalogue.js';
import { coefficientsOf } from './coefficients.js';
import { DescribedPoint, PointAdjustment } from './configuration-fields.js';
import type { DeviceFields } from './configuration-fields.js';
import type { ConfiguredBus, ConfiguredDevice, ConfiguredPoint } from './configuration.js';
import { buildConfiguredPoint, windowsOf } from './configured-point.js';
import type { PointSurroundings } from './configured-point.js';

/** What a device of a configuration is built with. */
export interface DeviceContext {
  readonly document: YamlDocument;
  /** SHA-256 (hex) of the configuration file: it describes devices without a profile. */
  readonly version: string;
  readonly catalogue: Catalogue;
  /** Gives a profile by its id, or throws a `ProfileError`. */
  readonly profile: (id: string) => Profile;
  readonly buses: ReadonlyMap<string, ConfiguredBus>;
  /** Keys of all buses of the file, also of those that could not be built. */
  readonly busKeys: readonly string[];
}

type Surroundings = Omit<PointSurroundings, 'path'>;

/** YAML takes a number for one: `09011523` as it was written is the meter's, 9011523 is nobody's. */
const LEADING_ZERO = /^0\d+$/;

const deviceAddress = (
  fields: DeviceFields,
  { framing }: ConfiguredBus,
  dialect: Dialect,
  path: Path,
  { document }: DeviceContext,
): string => {
  const at = [...path, 'address'];
  const written = typeof fields.address === 'string' ? undefined : document.written(at)?.trim();
  if (written !== undefined && LEADING_ZERO.test(written)) {
    const read = dialect.address(written, framing);
    if ('value' in read) return read.value;
  }
  const text = fields.address === undefined ? undefined : String(fields.address).trim();
  const read = dialect.address(text, framing);
  if ('value' in read) return read.value;
  document.report(at, read.problem, read.accepted);
  return '';
};

const findProfile = (id: string, path: Path, context: DeviceContext): Profile | undefined => {
  try {
    return context.profile(id);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    const at = [...path, 'profile'];
    if (error.code === 'not-found') {
      const [problem] = error.problems;
      context.document.report(at, `there is no profile ${id}`, problem?.accepted ?? []);
    } else {
      context.document.report(at, `the profile ${id} cannot be used`);
      context.document.include(error.problems);
    }
    return undefined;
  }
};

/** Keys that describe a device which has no profile. */
const OWN_KEYS = ['maker', 'model', 'modbus', ...TELEGRAM_PROTOCOLS, 'defaults'] as const;

const pointsByProfile = (
  fields: DeviceFields,
  profile: Profile,
  around: Surroundings,
  context: DeviceContext,
): ConfiguredPoint[] => {
  const path = around.device.path;
  for (const key of OWN_KEYS) {
    if (fields[key] !== undefined) context.document.report([...path, key], 'the profile says this already');
  }
  const chosen = Object.keys(fields.points ?? {});
  if (chosen.length === 0) {
    return profile.points.map((map) =>
      buildConfiguredPoint(map, {}, { ...around, path: [...path, 'points', map.key] }),
    );
  }
  return chosen.flatMap((key) => {
    const at = [...path, 'points', key];
    const map = profile.points.find((point) => point.key === key);
    if (map === undefined) {
      const known = profile.points.map((point) => point.key);
      context.document.report(at, `${profile.id} has no such point`, nearest(key, known));
      return [];
    }
    const adjusted = checkSchema(context.document, PointAdjustment, at);
    return adjusted === undefined ? [] : [buildConfiguredPoint(map, adjusted, { ...around, path: at })];
  });
};

const describedPoints = (
  fields: DeviceFields,
  { dialect, section }: Pick<PointContext, 'dialect' | 'section'>,
  around: Surroundings,
  context: DeviceContext,
): ConfiguredPoint[] => {
  const keys = Object.keys(fields.points ?? {});
  const path = around.device.path;
  if (keys.length === 0)
    context.document.report(path, 'needs a profile, or points of its own', ['profile', 'points']);
  return keys.flatMap((key) => {
    const at = [...path, 'points', key];
    const described = checkSchema(context.document, DescribedPoint, at);
    if (described === undefined) return [];
    const map = buildPoint(key, described, {
      path: at,
      report: context.document.report,
      defaults: fields.defaults ?? {},
      addressBase: fields.modbus?.addressBase ?? 0,
      minIntervalMs: 0,
      vocabulary: context.catalogue,
      dialect,
      section,
    });
    return [buildConfiguredPoint(map, described, { ...around, path: at })];
  });
};

const installationOf = (
  fields: DeviceFields,
  path: Path,
  context: DeviceContext,
): ConfiguredDevice['installation'] => {
  const installation = fields.installation ?? {};
  if (installation.ratio === 0) context.document.report([...path, 'installation', 'ratio'], 'must not be 0');
  return { ...installation, ratio: installation.ratio ?? 1, offset: installation.offset ?? 0 };
};

/** A coefficient that acts on nothing is a mistake that would make wrong numbers in silence. */
const checkCoefficients = (device: ConfiguredDevice, path: Path, context: DeviceContext): void => {
  const neutral = { ratio: 1, offset: 0 };
  for (const key of ['ratio', 'offset'] as const) {
    const given = device.installation[key] !== neutral[key];
    const acts = device.points.some(
      ({ map }) => coefficientsOf(device.installation, map)[key] !== neutral[key],
    );
    if (given && !acts && device.points.length > 0) {
      context.document.report(
        [...path, 'installation', key],
        `no point of this device takes an installation's ${key}`,
      );
    }
  }
  const units = new Set(
    device.points
      .filter(({ map }) => coefficientsOf(device.installation, map).offset !== 0)
      .map(({ map }) => map.unit),
  );
  if (units.size > 1) {
    const message = `would be added to points in ${[...units].join(' and ')}: say "installation: [ratio]" where it does not act`;
    context.document.report([...path, 'installation', 'offset'], message);
  }
};

const checkDeviceInterval = (
  fields: DeviceFields,
  profile: Profile | undefined,
  path: Path,
  context: DeviceContext,
): void => {
  if (fields.interval === undefined) return;
  const shortest = Math.max(profile?.minIntervalMs ?? 0, 1);
  if (durationMs(fields.interval) < shortest) {
    const message = `${fields.interval} is below ${shortest}ms, the shortest that the device bears`;
    context.document.report([...path, 'interval'], message);
  }
};

/** The description of a device that has no profile, made from the configuration itself. */
const ownProfile = (
  key: string,
  fields: DeviceFields,
  points: readonly ConfiguredPoint[],
  { dialect, section }: Pick<PointContext, 'dialect' | 'section'>,
  context: DeviceContext,
): Profile => ({
  id: `configuration/${key}`,
  maker: fields.maker ?? 'unknown',
  model: fields.model ?? key,
  protocol: dialect.protocol,
  source: { document: context.document.file, synthetic: false },
  maxRegisters: fields.modbus?.maxRegisters ?? DEFAULT_MAX_REGISTERS,
  minIntervalMs: 0,
  defaultIntervalMs: DEFAULT_INTERVAL_MS,
  points: points.map(({ map }) => map),
  ...(section === undefined ? {} : { section }),
  hash: context.version,
});

/** A bus speaks one protocol, and so do the devices on it. */
const checkProtocol = (
  profile: Profile | undefined,
  bus: ConfiguredBus,
  path: Path,
  context: DeviceContext,
): void => {
  if (profile === undefined || profile.protocol === bus.protocol) return;
  const message = `${profile.id} speaks ${profile.protocol}, and the bus ${bus.key} ${bus.protocol}`;
  context.document.report([...path, 'profile'], message);
};

/** Fills in one device. What is wrong is reported; `undefined` where its bus or profile cannot be used. */
export const buildDevice = (
  key: string,
  fields: DeviceFields,
  context: DeviceContext,
): ConfiguredDevice | undefined => {
  const { document } = context;
  const path = ['devices', key];
  if (!context.busKeys.includes(fields.bus)) {
    document.report([...path, 'bus'], `there is no bus ${fields.bus}`, nearest(fields.bus, context.busKeys));
  }
  const profile = fields.profile === undefined ? undefined : findProfile(fields.profile, path, context);
  checkDeviceInterval(fields, profile, path, context);
  windowsOf(fields.windows ?? [], [...path, 'windows'], document.report);
  const installation = installationOf(fields, path, context);
  const bus = context.buses.get(fields.bus);
  if (fields.profile !== undefined && profile === undefined) return undefined;
  const around: Surroundings = {
    report: document.report,
    catalogue: context.catalogue,
    profile: profile ?? { minIntervalMs: 0, defaultIntervalMs: DEFAULT_INTERVAL_MS },
    installation,
    device: { path, interval: fields.interval, windows: fields.windows },
  };
  const dialect = DIALECTS.get(bus?.protocol ?? profile?.protocol ?? 'modbus') ?? modbusDialect;
  const own = {
    dialect,
    section: profile === undefined ? sectionOf(fields, dialect, document, path, undefined) : undefined,
  };
  const points =
    profile === undefined
      ? describedPoints(fields, own, around, context)
      : pointsByProfile(fields, profile, around, context);
  if (bus === undefined) return undefined;
  checkProtocol(profile, bus, path, context);
  const device: ConfiguredDevice = {
    key,
    name: fields.name ?? key,
    bus: bus.key,
    address: deviceAddress(fields, bus, dialect, path, context),
    profile: profile ?? ownProfile(key, fields, points, own, context),
    ...(fields.pause === undefined ? {} : { pauseMs: durationMs(fields.pause) }),
    installation,
    points,
  };
  checkCoefficients(device, path, context);
  return device;
};
