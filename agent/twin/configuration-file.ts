import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { IANAZone } from 'luxon';
import { checkSchema } from '../../drivers/document/check-schema.js';
import { nearest } from '../../drivers/document/nearest.js';
import { durationMs } from '../../drivers/document/duration.js';
import { openYaml } from '../../drivers/document/yaml-document.js';
import type { Report, YamlDocument } from '../../drivers/document/yaml-document.js';
import { loadProfile } from '../../drivers/profile-file.js';
import type { Profile } from '../../drivers/profile.js';
import { loadCatalogue } from './catalogue.js';
import type { Catalogue } from './catalogue.js';
import { ConfigurationFields } from './configuration-fields.js';
import type { Configuration, ConfiguredBus, ConfiguredDevice } from './configuration.js';
import { buildBus, endpointName } from './configured-bus.js';
import { buildDevice } from './configured-device.js';
import { ConfigurationError } from './errors.js';
import { packagedCatalogue, packagedProfiles } from './packaged.js';
import { readText } from './read-text.js';

/** What a configuration is read with. */
export interface ConfigurationDeps {
  readonly catalogue: Catalogue;
  /** Gives a profile by its id, or throws a `ProfileError`. */
  readonly profile: (id: string) => Profile;
}

/** MQTT 3.1.1, 3.1.2.10: sixteen bits of seconds; a shorter one than this costs more than it finds. */
const KEEPALIVE_S = { least: 5, most: 65_535 } as const;

const buildBuses = (fields: ConfigurationFields, report: Report): ConfiguredBus[] => {
  const taken = new Map<string, string>();
  return Object.entries(fields.buses ?? {}).flatMap(([key, bus]) => {
    const built = buildBus(key, bus, report);
    if (built === undefined) return [];
    const name = endpointName(built.endpoint);
    const other = taken.get(name);
    if (other !== undefined) report(['buses', key], `${name} is the bus ${other} already: one line, one bus`);
    taken.set(name, key);
    return [built];
  });
};

const checkAddresses = (devices: readonly ConfiguredDevice[], report: Report): void => {
  const taken = new Map<string, string>();
  for (const { key, bus, address } of devices) {
    const other = taken.get(`${bus} ${address}`);
    if (other !== undefined) {
      report(['devices', key, 'address'], `${address} on bus ${bus} is the device ${other} already`);
    }
    taken.set(`${bus} ${address}`, key);
  }
};

/** Two devices that answer to one request talk at once, or give one's value for the other's. */
const checkNeighbours = (devices: readonly ConfiguredDevice[], report: Report): void => {
  for (const { key, bus, profile } of devices) {
    const neighbour = devices.find((other) => other.bus === bus && other.key !== key);
    if (neighbour === undefined || profile.quirks?.includes('answers-any-address') !== true) continue;
    const why = `${profile.id} also answers to addresses that are not its own`;
    report(
      ['devices', key, 'bus'],
      `${why}: it must be alone on bus ${bus}, where ${neighbour.key} is, too; give it a bus of its own`,
    );
  }
};

const clockDeviceOf = (
  { gateway: { clock }, devices = {} }: ConfigurationFields,
  report: Report,
): Pick<Configuration, 'clockDevice'> => {
  if (clock === undefined) return {};
  const keys = Object.keys(devices);
  if (!keys.includes(clock))
    report(['gateway', 'clock'], `there is no device ${clock}`, nearest(clock, keys));
  return { clockDevice: clock };
};

const TIMEZONE = 'Europe/Paris';

const timezoneOf = (written: string | undefined, report: Report): string => {
  if (written === undefined || IANAZone.isValidZone(written)) return written ?? TIMEZONE;
  report(['gateway', 'timezone'], `${written} is no IANA time zone`, [TIMEZONE]);
  return TIMEZONE;
};

/** A duration that must be above 0, or its default. */
const positive = (
  report: Report,
  section: 'uplink' | 'buffer',
  key: string,
  written: string | undefined,
  usual: string,
): number => {
  const ms = durationMs(written ?? usual);
  if (ms < 1) report([section, key], 'must be above 0');
  return ms;
};

const buildUplink = (fields: ConfigurationFields, report: Report): Configuration['uplink'] => {
  const { seal, keepalive, health, retry, megabytesPerMonth = 0 } = fields.uplink ?? {};
  const keepaliveS = durationMs(keepalive ?? '60s') / 1000;
  if (!Number.isInteger(keepaliveS) || keepaliveS < KEEPALIVE_S.least || keepaliveS > KEEPALIVE_S.most) {
    report(['uplink', 'keepalive'], `must be whole seconds, ${KEEPALIVE_S.least} to ${KEEPALIVE_S.most}`);
  }
  return {
    sealMs: positive(report, 'uplink', 'seal', seal, '10s'),
    keepaliveS,
    healthMs: positive(report, 'uplink', 'health', health, '60s'),
    retryMs: positive(report, 'uplink', 'retry', retry, '5s'),
    bytesPerMonth: Math.round(megabytesPerMonth * 1e6),
  };
};

const buildBuffer = (fields: ConfigurationFields, report: Report): Configuration['buffer'] => {
  const {
    commit,
    history,
    megabytes = 2_000,
    keepFreeMegabytes = 256,
    cardTerabytes = 20,
    retry,
  } = fields.buffer ?? {};
  return {
    commitMs: positive(report, 'buffer', 'commit', commit, '2s'),
    historyMs: positive(report, 'buffer', 'history', history, '90d'),
    capBytes: Math.round(megabytes * 1e6),
    floorBytes: Math.round(keepFreeMegabytes * 1e6),
    retryMs: positive(report, 'buffer', 'retry', retry, '10s'),
    enduranceBytes: Math.round(cardTerabytes * 1e12),
  };
};

const build = (
  fields: ConfigurationFields,
  document: YamlDocument,
  version: string,
  deps: ConfigurationDeps,
): Configuration => {
  const { report } = document;
  const buses = buildBuses(fields, report);
  const context = {
    ...deps,
    document,
    version,
    buses: new Map(buses.map((bus) => [bus.key, bus])),
    busKeys: Object.keys(fields.buses ?? {}),
  };
  const devices = Object.entries(fields.devices ?? {}).flatMap(
    ([key, device]) => buildDevice(key, device, context) ?? [],
  );
  checkAddresses(devices, report);
  checkNeighbours(devices, report);
  return {
    name: fields.gateway.name,
    timezone: timezoneOf(fields.gateway.timezone, document.report),
    ...clockDeviceOf(fields, report),
    dataFolder: resolve(dirname(document.file), fields.data ?? './data'),
    version,
    buffer: buildBuffer(fields, report),
    uplink: buildUplink(fields, report),
    buses,
    devices,
  };
};

/**
 * Parses the text of a configuration (`config/README.md` describes the format); every default is filled in.
 * `file` names it in problems, and `data` is relative to its folder. Throws a `ConfigurationError` with every
 * problem found, also those of profiles that it names.
 */
export const parseConfiguration = (text: string, file: string, deps: ConfigurationDeps): Configuration => {
  const document = openYaml(text, file);
  const fields = checkSchema(document, ConfigurationFields);
  const version = createHash('sha256').update(text).digest('hex');
  const configuration = fields === undefined ? undefined : build(fields, document, version, deps);
  if (configuration === undefined || document.problems.length > 0) {
    throw new ConfigurationError('invalid', document.problems);
  }
  return configuration;
};

/**
 * Reads a configuration file. Profiles are looked for in `profileFolders` in their order, by default those that
 * came with the program. Throws a `ConfigurationError`.
 */
export const readConfiguration = (
  path: string,
  profileFolders: readonly string[] = [packagedProfiles],
): Configuration => {
  const text = readText(path);
  const catalogue = loadCatalogue(packagedCatalogue);
  const profiles = new Map<string, Profile>();
  return parseConfiguration(text, path, {
    catalogue,
    profile: (id) => {
      const profile = profiles.get(id) ?? loadProfile(profileFolders, id, catalogue);
      profiles.set(id, profile);
      return profile;
    },
  });
};
