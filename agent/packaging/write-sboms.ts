import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { programVersion } from '../local/program-version.js';
import { bundledPackages, installedPackage, nativePackages } from './installed-packages.js';
import { projectFolder } from './project-folder.js';
import { bomOf, installedBom, neededToRun } from './sbom.js';
import { sourceDate } from './source-date.js';

/** Installed for development, and shipped all the same: bundled into the console. */
const IN_THE_CONSOLE = ['preact', 'uplot'];

const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/packages' } } });
const out = resolve(values.out);
const version = programVersion();
const at = sourceDate(projectFolder, process.env);
const installed = installedBom(projectFolder);

const names = (packages: readonly { readonly name: string; readonly version: string }[]): string[] =>
  packages.map((installedOne) => `${installedOne.name}@${installedOne.version}`);
const inConsole = IN_THE_CONSOLE.map((name) => installedPackage(projectFolder, join('node_modules', name)));
const programs = [
  {
    name: 'terroir-agent',
    description: "Reads a site's sensors and delivers what they measured.",
    packages: names([
      ...bundledPackages(projectFolder, join(projectFolder, 'dist/terroir-agent')),
      ...nativePackages(projectFolder),
    ]),
  },
  {
    name: 'terroir-fleet',
    description: 'Takes in what gateways send, and answers for it.',
    packages: [...neededToRun(installed), ...names(inConsole)],
  },
];

mkdirSync(out, { recursive: true });
for (const { name, description, packages } of programs) {
  const bom = bomOf(installed, { name, version, description, packages: new Set(packages), at });
  const file = join(out, `${name}-${version}.cdx.json`);
  writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
  process.stdout.write(`${file}\n`);
}
