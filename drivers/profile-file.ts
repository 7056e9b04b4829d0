import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { DIALECTS } from './dialects.js';
import { checkSchema } from './document/check-schema.js';
import { durationMs } from './document/duration.js';
import { nearest } from './document/nearest.js';
import { renderProblem } from './document/problem.js';
import type { Problem } from './document/problem.js';
import { openYaml } from './document/yaml-document.js';
import type { YamlDocument } from './document/yaml-document.js';
import { modbusDialect } from './modbus/dialect.js';
import { buildExtras, checkGroups } from './profile-extras.js';
import { OverrideFields, ProfileFields } from './profile-fields.js';
import type { PointDefaults } from './profile-fields.js';
import { buildPoint } from './profile-point.js';
import { sectionOf } from './profile-section.js';
import { telegramsOf } from './profile-telegrams.js';
import type { Profile, ProfilePoint } from './profile.js';
import type { Vocabulary } from './vocabulary.js';

/** A profile that cannot be used. `problems` says all that is wrong, each with file, line and key. */
export class ProfileError extends Error {
  readonly code: 'not-found' | 'unreadable' | 'invalid';
  readonly problems: readonly Problem[];
  readonly retryable = false;

  constructor(code: ProfileError['code'], problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(renderProblem).join('\n'), options);
    this.name = 'ProfileError';
    this.code = code;
    this.problems = problems;
  }
}

/** Interval of a profile that names none, ms. */
export const DEFAULT_INTERVAL_MS = 10_000;
/** Modbus application protocol V1.1b3, sections 6.3 and 6.4. */
export const DEFAULT_MAX_REGISTERS = 125;

const sourceOf = (source: ProfileFields['source']): Profile['source'] => ({
  document: source.document,
  synthetic: source.synthetic ?? false,
  ...(source.revision === undefined ? {} : { revision: source.revision }),
  ...(source.page === undefined ? {} : { page: source.page }),
});

/** A profile without what comes from its files. */
type Content = Omit<Profile, 'id' | 'hash'>;

/** What a file goes over: the packaged profile, and the defaults that its points were written with. */
interface Base {
  readonly profile: Content;
  readonly defaults: PointDefaults;
  readonly hashes: readonly string[];
}

const intervalsOf = (
  fields: OverrideFields,
  base: Content | undefined,
  document: YamlDocument,
): Pick<Content, 'minIntervalMs' | 'defaultIntervalMs'> => {
  const minIntervalMs =
    fields.minInterval === undefined ? (base?.minIntervalMs ?? 0) : durationMs(fields.minInterval);
  const usual = Math.max(base?.defaultIntervalMs ?? DEFAULT_INTERVAL_MS, minIntervalMs);
  const defaultIntervalMs = fields.interval === undefined ? usual : durationMs(fields.interval);
  if (defaultIntervalMs < Math.max(minIntervalMs, 1)) {
    document.report(['interval'], `${fields.interval} is below the shortest, ${fields.minInterval ?? '1ms'}`);
  }
  return { minIntervalMs, defaultIntervalMs };
};

/** A site's point takes the place of the packaged one of its name; its other points come after. */
const overlay = (
  packaged: readonly ProfilePoint[],
  own: readonly ProfilePoint[],
): readonly ProfilePoint[] => {
  const replaced = packaged.map((point) => own.find(({ key }) => key === point.key) ?? point);
  return [...replaced, ...own.filter(({ key }) => !packaged.some((point) => point.key === key))];
};

/** What heads a profile; a site's copy may leave it to the packaged one. */
const headOf = (
  fields: OverrideFields,
  base: Content | undefined,
): Pick<Content, 'maker' | 'model' | 'protocol' | 'source' | 'maxRegisters'> => ({
  maker: fields.maker ?? base?.maker ?? '',
  model: fields.model ?? base?.model ?? '',
  protocol: fields.protocol ?? base?.protocol ?? 'modbus',
  source:
    fields.source === undefined
      ? (base?.source ?? { document: '', synthetic: false })
      : sourceOf(fields.source),
  maxRegisters: fields.modbus?.maxRegisters ?? base?.maxRegisters ?? DEFAULT_MAX_REGISTERS,
});

const buildProfile = (
  fields: OverrideFields,
  base: Base | undefined,
  document: YamlDocument,
  vocabulary: Vocabulary | undefined,
): Base => {
  const intervals = intervalsOf(fields, base?.profile, document);
  const defaults = { ...base?.defaults, ...fields.defaults };
  const head = headOf(fields, base?.profile);
  const dialect = DIALECTS.get(head.protocol) ?? modbusDialect;
  const section = sectionOf(fields, dialect, document, [], base?.profile.section);
  const addressBase = fields.modbus?.addressBase ?? 0;
  const around = { report: document.report, defaults, addressBase, dialect, section };
  const { minIntervalMs } = intervals;
  const points = Object.entries(fields.points ?? {}).map(([key, point]) =>
    buildPoint(key, point, { ...around, path: ['points', key], minIntervalMs, vocabulary }),
  );
  const all = overlay(base?.profile.points ?? [], points);
  if (all.length === 0) document.report(['points'], 'has no point');
  const profile = {
    ...base?.profile,
    ...head,
    ...intervals,
    ...buildExtras(fields, around),
    ...(section === undefined ? {} : { section }),
    ...telegramsOf(fields, all, document.report),
    points: all,
  };
  checkGroups(profile, document.report);
  return { profile, defaults, hashes: base?.hashes ?? [] };
};

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One file of a profile, over what it goes over: the first says all, the others what they change. */
const parseFile = (text: string, file: string, base: Base | undefined, vocabulary?: Vocabulary): Base => {
  const document = openYaml(text, file);
  const fields = checkSchema(document, base === undefined ? ProfileFields : OverrideFields);
  const built = fields === undefined ? undefined : buildProfile(fields, base, document, vocabulary);
  if (built === undefined || document.problems.length > 0)
    throw new ProfileError('invalid', document.problems);
  return { ...built, hashes: [...built.hashes, hashOf(text)] };
};

const finish = (id: string, { profile, hashes }: Base): Profile => {
  const [only, ...others] = hashes;
  return {
    id,
    ...profile,
    hash: others.length === 0 && only !== undefined ? only : hashOf(hashes.join('\n')),
  };
};

/**
 * Parses the text of a profile (`config/README.md` describes the format).
 * `file` names it in problems; `id` is `<maker>/<model>`. With a vocabulary, properties, kinds and units are checked.
 * Throws a `ProfileError` with every problem found.
 */
export const parseProfile = (text: string, file: string, id: string, vocabulary?: Vocabulary): Profile =>
  finish(id, parseFile(text, file, undefined, vocabulary));

const ID = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)+$/;

/** Ids of the profiles in these folders, in alphabetical order. A folder that is not there holds none. */
export const listProfiles = (folders: readonly string[]): readonly string[] => {
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  const ids = files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length).replaceAll(sep, '/'))
    .filter((id) => ID.test(id));
  return [...new Set(ids)].toSorted();
};

/** The files that make up a profile, the last one to go over the others first. */
export const profileFiles = (folders: readonly string[], id: string): readonly string[] =>
  ID.test(id) ? folders.map((folder) => join(folder, `${id}.yaml`)).filter((file) => existsSync(file)) : [];

/**
 * Loads a profile by its id. A file in an earlier folder goes over those in later ones point by point: what it
 * says goes before, what it does not say stays. Throws a `ProfileError`.
 */
export const loadProfile = (folders: readonly string[], id: string, vocabulary?: Vocabulary): Profile => {
  let base: Base | undefined;
  for (const file of profileFiles(folders, id).toReversed()) {
    base = parseFile(readProfile(file), file, base, vocabulary);
  }
  if (base !== undefined) return finish(id, base);
  const message = `there is no such profile in ${folders.join(', ') || 'no folder'}`;
  const accepted = nearest(id, listProfiles(folders));
  throw new ProfileError('not-found', [{ file: id, line: 0, column: 0, key: '', message, accepted }]);
};

const readProfile = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'cannot be read';
    throw new ProfileError('unreadable', [{ file, line: 0, column: 0, key: '', message }], { cause });
  }
};
