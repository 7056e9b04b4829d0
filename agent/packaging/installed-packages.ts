import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** What a package needs to be installed, and not to run: compilers' headers, fetchers of binaries. */
const ONLY_TO_INSTALL = new Set(['prebuild-install', 'node-addon-api']);

/** Packages with compiled code, which no bundle holds. */
const NATIVE = ['better-sqlite3', '@serialport/bindings-cpp', 'cbor-extract'];

/** A package as npm laid it under the project. */
export interface InstalledPackage {
  /** Relative to the project: `node_modules/...`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** SPDX, as the package says. */
  readonly licence: string;
}

const Names = Type.Optional(Type.Record(Type.String(), Type.String()));
const Manifest = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Optional(Type.String()),
  dependencies: Names,
  optionalDependencies: Names,
});

const readManifest = (project: string, folder: string): Type.Static<typeof Manifest> =>
  Value.Parse(Manifest, JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8')));

/** A package of the project by its folder. */
export const installedPackage = (project: string, folder: string): InstalledPackage => {
  const { name, version, license = 'not stated' } = readManifest(project, folder);
  return { folder, name, version, licence: license };
};

/** The folder that `from` finds a package in, nearest first, as Node looks for it; `undefined` where it is not installed. */
const findFolder = (project: string, from: string, name: string): string | undefined => {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(project, folder, 'package.json'))) return folder;
  return from === '.' ? undefined : findFolder(project, dirname(from), name);
};

const collect = (project: string, folder: string, found: Map<string, InstalledPackage>): void => {
  if (found.has(folder)) return;
  const { name, dependencies = {}, optionalDependencies = {} } = readManifest(project, folder);
  found.set(folder, installedPackage(project, folder));
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (ONLY_TO_INSTALL.has(needed)) continue;
    const next = findFolder(project, folder, needed);
    if (next !== undefined) collect(project, next, found);
    else if (!(needed in optionalDependencies)) throw new Error(`${name} needs ${needed}: run npm ci`);
  }
};

/** The native modules and all that they load, by folder. */
export const nativePackages = (project: string): readonly InstalledPackage[] => {
  const found = new Map<string, InstalledPackage>();
  for (const name of NATIVE) collect(project, join('node_modules', name), found);
  return [...found.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
};

/** The packages whose modules are in the agent's bundle, as its build told. */
export const bundledPackages = (project: string, bundle: string): readonly InstalledPackage[] => {
  const folders = Value.Parse(
    Type.Array(Type.String()),
    JSON.parse(readFileSync(join(bundle, 'bundled-packages.json'), 'utf8')),
  );
  return folders.map((folder) => installedPackage(project, folder));
};
