import { listProfiles } from '../../drivers/profile-file.js';
import { lintProfile, type Finding } from '../../drivers/profile-lint.js';
import { formatDuration } from '../../drivers/document/duration.js';
import { renderProblem } from '../../drivers/document/problem.js';
import type { Problem } from '../../drivers/document/problem.js';
import { readConfiguration } from './configuration-file.js';
import type { Configuration } from './configuration.js';
import { endpointName } from './configured-bus.js';
import { ConfigurationError } from './errors.js';
import { packagedProfiles } from './packaged.js';

/** What `check` says of a configuration file; plain data, fit for JSON. */
export interface CheckReport {
  readonly ok: boolean;
  readonly file: string;
  readonly problems: readonly Problem[];
  /** What the linter says of the profiles that devices have: an `error` makes wrong values, a `warning` departs from the style. */
  readonly profiles: readonly ProfileFinding[];
  /** Absent where there are problems. */
  readonly summary?: CheckSummary;
}

export type ProfileFinding = Finding & { readonly profile: string };

export interface CheckSummary {
  readonly gateway: string;
  readonly dataFolder: string;
  /** The stated maximum loss on a power cut, ms. */
  readonly commitMs: number;
  readonly buses: readonly {
    readonly key: string;
    readonly endpoint: string;
    readonly framing: string;
    readonly devices: number;
    readonly points: number;
    readonly readingsPerS: number;
  }[];
  readonly devices: number;
  readonly points: number;
  readonly readingsPerS: number;
}

const rounded = (rate: number): number => Number(rate.toPrecision(4));

const summarise = (configuration: Configuration): CheckSummary => {
  const buses = configuration.buses.map((bus) => {
    const devices = configuration.devices.filter((device) => device.bus === bus.key);
    const points = devices.flatMap((device) => device.points);
    const readingsPerS = rounded(points.reduce((rate, point) => rate + 1000 / point.intervalMs, 0));
    const { key, framing, endpoint } = bus;
    const name = endpointName(endpoint);
    return { key, endpoint: name, framing, devices: devices.length, points: points.length, readingsPerS };
  });
  return {
    gateway: configuration.name,
    dataFolder: configuration.dataFolder,
    commitMs: configuration.buffer.commitMs,
    buses,
    devices: configuration.devices.length,
    points: buses.reduce((sum, bus) => sum + bus.points, 0),
    readingsPerS: rounded(buses.reduce((sum, bus) => sum + bus.readingsPerS, 0)),
  };
};

/** A device that is described in the configuration itself has no profile to mend. */
const lintProfiles = (
  { devices }: Configuration,
  profileFolders: readonly string[],
): readonly ProfileFinding[] => {
  const known = new Set(listProfiles(profileFolders));
  const profiles = new Map(devices.map(({ profile }) => [profile.id, profile]));
  return [...profiles.values()]
    .filter(({ id }) => known.has(id))
    .flatMap((profile) =>
      lintProfile(profile)
        .filter(({ level }) => level !== 'note')
        .map((finding) => ({ profile: profile.id, ...finding })),
    );
};

/** Reads a configuration and its profiles, and says all that is wrong; it connects to nothing. */
export const check = (path: string, profileFolders: readonly string[] = [packagedProfiles]): CheckReport => {
  try {
    const configuration = readConfiguration(path, profileFolders);
    const profiles = lintProfiles(configuration, profileFolders);
    const ok = profiles.every(({ level }) => level !== 'error');
    return { ok, file: path, problems: [], profiles, summary: summarise(configuration) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { ok: false, file: path, problems: error.problems, profiles: [] };
  }
};

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;

/** A report for people: one line a problem, or what the configuration amounts to. */
export const renderCheck = (report: CheckReport): string => {
  const { summary } = report;
  if (summary === undefined) {
    return [
      ...report.problems.map(renderProblem),
      `${report.file}: ${count(report.problems.length, 'problem')}`,
    ].join('\n');
  }
  const rate = `${summary.readingsPerS} readings a second`;
  const lines = summary.buses.map((bus) => {
    const content = `${count(bus.devices, 'device')}, ${count(bus.points, 'point')}, ${bus.readingsPerS} readings a second`;
    return `  ${bus.key}  ${bus.endpoint} (${bus.framing}): ${content}`;
  });
  const findings = report.profiles.map(
    ({ profile, level, point, message }) =>
      `profile ${profile}: ${level}${point === undefined ? '' : ` ${point}`}: ${message}`,
  );
  return [
    ...findings,
    `${report.file}: ${report.ok ? 'in order' : 'a profile makes wrong values'}`,
    `${summary.gateway}: ${count(summary.buses.length, 'bus')}, ${count(summary.devices, 'device')}, ${count(summary.points, 'point')}, ${rate}`,
    ...lines,
    `  data in ${summary.dataFolder}; a power cut costs at most the last ${formatDuration(summary.commitMs)}`,
  ].join('\n');
};
