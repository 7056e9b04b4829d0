import { isBorneOut, lintProfile, type Finding } from '../../../drivers/profile-lint.js';
import { ProfileError, listProfiles, loadProfile, profileFiles } from '../../../drivers/profile-file.js';
import { isRegisterPoint, type Profile, type ProfilePoint } from '../../../drivers/profile.js';
import { loadCatalogue } from '../../twin/catalogue.js';
import { packagedCatalogue } from '../../twin/packaged.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

/** A profile in the list; `borne-out`: a cited example of this model decodes as it should. */
interface ListedProfile {
  readonly id: string;
  readonly protocol: string;
  readonly evidence: 'borne-out' | 'map-only' | 'synthetic';
}

const EVIDENCE = {
  'borne-out': 'cited example',
  'map-only': 'cited map, no cited example',
  synthetic: 'a model of ours, for the simulator',
} as const;

const renderList = (listed: readonly ListedProfile[]): string => {
  const borneOut = listed.filter(({ evidence }) => evidence === 'borne-out');
  const modbus = borneOut.filter(({ protocol }) => protocol === 'modbus').length;
  return [
    ...listed.map(
      ({ id, protocol, evidence }) => `${id.padEnd(36)} ${protocol.padEnd(8)} ${EVIDENCE[evidence]}`,
    ),
    `${listed.length} models; ${borneOut.length} with a cited example, ${modbus} of them Modbus`,
  ].join('\n');
};

/** Lists the known profiles and what bears each out. */
export const listKnown = ({ profiles, json }: Omit<ShowOptions, 'id'>, output: Output): number => {
  const catalogue = loadCatalogue(packagedCatalogue);
  const listed = listProfiles(profiles).map((id): ListedProfile => {
    const profile = loadProfile(profiles, id, catalogue);
    const mapOnly = profile.source.synthetic ? 'synthetic' : 'map-only';
    return { id, protocol: profile.protocol, evidence: isBorneOut(profile) ? 'borne-out' : mapOnly };
  });
  printResult(output, listed, json, renderList);
  return EXIT.done;
};

interface ShowOptions {
  readonly id: string;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

const placeOf = (point: ProfilePoint): string => {
  if (!isRegisterPoint(point)) return point.field;
  const { table, address, type, order } = point.register;
  return `${table} ${address} ${type} ${order}`;
};

const pointLine = (point: ProfilePoint): string => {
  const { key, name, unit, writable } = point;
  const place = placeOf(point);
  return `  ${key.padEnd(24)} ${place.padEnd(32)} ${unit.padEnd(16)} ${name}${writable === undefined ? '' : ' (may be written)'}`;
};

const renderProfile = (profile: Profile, files: readonly string[]): string =>
  [
    `${profile.id}: ${profile.maker} ${profile.model}`,
    `source: ${[profile.source.document, profile.source.revision, profile.source.page].filter(Boolean).join(', ')}`,
    ...files.map((file) => `file: ${file}`),
    ...profile.points.map(pointLine),
  ].join('\n');

/** Shows what a profile says, all its files taken together. */
export const showProfile = ({ id, profiles, json }: ShowOptions, output: Output): number => {
  const profile = loadProfile(profiles, id, loadCatalogue(packagedCatalogue));
  const files = profileFiles(profiles, id);
  if (json) output.print(JSON.stringify({ ...profile, files }, withBigints, 2));
  else output.print(renderProfile(profile, files));
  return EXIT.done;
};

/** 64-bit sentinels are beyond JSON's exact numbers: as text they stay themselves. */
const withBigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

interface TestOptions {
  readonly ids: readonly string[];
  readonly profiles: readonly string[];
  readonly json: boolean;
}

interface TestResult {
  readonly id: string;
  readonly findings: readonly Finding[];
}

const testProfile = (id: string, { profiles }: TestOptions): TestResult => {
  try {
    return { id, findings: lintProfile(loadProfile(profiles, id, loadCatalogue(packagedCatalogue))) };
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return { id, findings: [{ level: 'error', message: error.message }] };
  }
};

const toMend = (findings: readonly Finding[]): number =>
  findings.filter(({ level }) => level !== 'note').length;

const renderResults = (results: readonly TestResult[]): string =>
  results
    .flatMap(({ id, findings }) => [
      `${id}: ${toMend(findings) === 0 ? 'in order' : `${toMend(findings)} to mend`}`,
      ...findings.map(
        ({ level, point, message }) => `  ${level}${point === undefined ? '' : ` ${point}`}: ${message}`,
      ),
    ])
    .join('\n');

/** Checks profiles; fails where one does not parse, a vector means something else than it states, or the style is not kept. */
export const testProfiles = (options: TestOptions, output: Output): number => {
  const ids = options.ids.length === 0 ? listProfiles(options.profiles) : options.ids;
  const results = ids.map((id) => testProfile(id, options));
  printResult(output, results, options.json, renderResults);
  return results.some(({ findings }) => toMend(findings) > 0) ? EXIT.failed : EXIT.done;
};
