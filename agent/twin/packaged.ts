import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The `config/` that came with the program: beside it when run from source, one folder up when built. */
const findConfig = (from: string): string => {
  const folder = join(from, 'config');
  if (existsSync(join(folder, 'catalogue'))) return folder;
  const parent = dirname(from);
  return parent === from ? folder : findConfig(parent);
};

const config = findConfig(dirname(fileURLToPath(import.meta.url)));

/** Folder of the profiles that came with the program. A site's own folders go before it. */
export const packagedProfiles = join(config, 'profiles');
/** Folder of `properties.yaml` and `units.yaml`. */
export const packagedCatalogue = join(config, 'catalogue');
