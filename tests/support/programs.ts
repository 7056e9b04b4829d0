import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const installed = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/**
 * Whether a program that a test starts is installed; says which is not. Under `CI` its lack is a failure, since
 * nothing may be skipped there.
 */
export const programAvailable = (name: string): boolean => {
  if (installed(name)) return true;
  if (process.env['CI']) throw new Error(`${name} is not installed, and no test may be skipped here`);
  console.warn(`skipped: ${name} is not installed`);
  return false;
};
