import { ProfileError } from '../../../drivers/profile-file.js';
import { SimulatorError } from '../../../drivers/simulator/simulator-error.js';
import { AcquisitionError } from '../../acquisition/errors.js';
import { IdentityError } from '../../identity/errors.js';
import { ConfigurationError } from '../../twin/errors.js';
import { LocalError } from '../errors.js';
import { EXIT } from './exit-codes.js';

/** One sentence for people and an exit code for scripts; what nobody foresaw keeps its stack. */
export const explainError = (error: unknown): { readonly text: string; readonly code: number } => {
  if (
    error instanceof ConfigurationError ||
    error instanceof ProfileError ||
    error instanceof SimulatorError
  ) {
    return { text: error.message, code: EXIT.usage };
  }
  if (
    error instanceof AcquisitionError ||
    (error instanceof LocalError && ['usage', 'refused'].includes(error.code))
  ) {
    return { text: error.message, code: EXIT.usage };
  }
  if (error instanceof IdentityError && (error.code === 'token' || error.code === 'url')) {
    return { text: error.message, code: EXIT.usage };
  }
  if (error instanceof Error && 'code' in error) return { text: error.message, code: EXIT.failed };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: EXIT.failed };
};
