import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's folder: the nearest above this file with a manifest, from the sources, their modules or the bundle. */
const packageFolder = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) throw new Error(`No package.json above ${import.meta.dirname}.`);
    folder = dirname(folder);
  }
  return folder;
})();

/** The path of a file that the package comes with, such as `config/catalogue/organisations.yaml`. */
export const packageFile = (path: string): string => join(packageFolder, path);
