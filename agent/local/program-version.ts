import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** When this program was built, UTC ms: no clock can be right that is before it. */
export const builtAt = (): number => statSync(fileURLToPath(import.meta.url)).mtimeMs;

/** Version of the nearest package.json above this file, as the program was shipped. */
export const programVersion = (folder: string = dirname(fileURLToPath(import.meta.url))): string => {
  try {
    const document: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (typeof document === 'object' && document !== null && 'version' in document) {
      return String(document.version);
    }
  } catch {
    // Not here; look above.
  }
  const parent = dirname(folder);
  return parent === folder ? 'unknown' : programVersion(parent);
};
