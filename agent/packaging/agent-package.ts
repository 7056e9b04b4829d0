import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { bundledPackages, nativePackages, type InstalledPackage } from './installed-packages.js';
import { bomOf, installedBom } from './sbom.js';

/** What is packed, and from where. */
export interface PackageSource {
  /** The project's folder, installed and built. */
  readonly project: string;
  readonly version: string;
  /** The architecture that its native modules are for. */
  readonly target: { readonly platform: string; readonly arch: string; readonly nodeMajor: string };
  readonly at: Date;
}

const LICENCE = /^(licen[cs]e|copying|notice)/i;
const RUNS = new Set(['.js', '.cjs', '.mjs', '.json']);
/** Folders of a package that serve to compile or test it, and those of packages within, which are copied by themselves. */
const NOT_TO_RUN = new Set(['deps', 'test', 'tests', 'obj', 'obj.target', 'node_modules']);

/** The compiled code of a package that is for the target: its own build, or the one of its prebuilt binaries. */
const isNativeOf = (path: string, { platform, arch }: PackageSource['target']): boolean =>
  basename(path) !== 'test_extension.node' &&
  (path.includes(join('build', 'Release')) || path.includes(`${platform}-${arch}`) || !path.includes(sep));

const toRun = (path: string, target: PackageSource['target']): boolean => {
  if (
    dirname(path)
      .split(sep)
      .some((folder) => NOT_TO_RUN.has(folder))
  )
    return false;
  if (LICENCE.test(basename(path))) return true;
  return extname(path) === '.node' ? isNativeOf(path, target) : RUNS.has(extname(path));
};

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

const copyPackage = (
  { project, target }: PackageSource,
  { folder }: InstalledPackage,
  into: string,
): void => {
  for (const file of filesOf(join(project, folder)).filter((path) => toRun(path, target))) {
    const copy = join(into, folder, file);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(project, folder, file), copy);
  }
};

/** The terms under which others' code is in the package, each with its text. */
const licencesOf = (project: string, packages: readonly InstalledPackage[]): string =>
  packages
    .map(({ folder, name, version, licence }) => {
      const texts = readdirSync(join(project, folder))
        .filter((file) => LICENCE.test(file))
        .map((file) => readFileSync(join(project, folder, file), 'utf8').trim());
      return `${'='.repeat(80)}\n${name} ${version}: ${licence}\n\n${texts.join('\n\n')}\n`;
    })
    .join('\n');

const json = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

const copyProgram = ({ project }: PackageSource, into: string): void => {
  cpSync(join(project, 'dist/terroir-agent'), join(into, 'lib'), {
    recursive: true,
    filter: (path) => basename(path) !== 'bundled-packages.json',
  });
  cpSync(join(project, 'config'), join(into, 'config'), {
    recursive: true,
    filter: (path) => basename(path) !== 'demonstration',
  });
  cpSync(join(project, 'agent/packaging/files'), into, { recursive: true });
};

/**
 * Lays out in `into` what runs the agent on a gateway: the bundle, `config/`, the native modules with what they load,
 * and what installs it. Nothing of it comes from the network.
 */
export const layOutAgent = (source: PackageSource, into: string): void => {
  const { project, version, target, at } = source;
  const native = nativePackages(project);
  const bundled = bundledPackages(project, join(project, 'dist/terroir-agent'));
  const packages = [...bundled, ...native];
  copyProgram(source, into);
  for (const installed of native) copyPackage(source, installed, into);
  const write = (file: string, text: string): void => writeFileSync(join(into, file), text);
  write('package.json', json({ name: 'terroir-agent', version, private: true, type: 'module' }));
  write('version', `${version}\n`);
  write('node-abi', `${target.platform}-${target.arch}, Node ${target.nodeMajor}\n`);
  write('THIRD-PARTY-LICENCES.txt', licencesOf(project, packages));
  const bom = bomOf(installedBom(project), {
    name: 'terroir-agent',
    version,
    description: "Reads a site's sensors and delivers what they measured.",
    packages: new Set(packages.map(({ name, version: packed }) => `${name}@${packed}`)),
    at,
  });
  write('sbom.cdx.json', json(bom));
};
