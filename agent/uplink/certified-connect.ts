import type { CertificateKeeper } from '../identity/certificate-keeper.js';
import type { HeldIdentity } from '../identity/stored-identity.js';
import type { Connect } from './connection.js';
import { UplinkError } from './errors.js';

/** Faults by which the fleet says that it does not take who we are. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['rejected', 'refused']);
/** Some brokers close without a word over a certificate that they do not take: so often in a row is one, too. */
const CLOSED_IN_A_ROW = 3;

/** Opens each way with the certificate that is to be shown now, and tells the keeper what the fleet made of it. */
export const certifiedConnect = (
  keeper: Pick<CertificateKeeper, 'forAttempt' | 'welcomed' | 'refused'>,
  connectAs: (identity: HeldIdentity) => Connect,
): { readonly connect: Connect; readonly welcomed: () => void } => {
  let shown: HeldIdentity | undefined;
  let closed = 0;
  return {
    connect: async (options) => {
      const identity = keeper.forAttempt();
      shown = identity;
      try {
        return await connectAs(identity)(options);
      } catch (error) {
        const code = error instanceof UplinkError ? error.code : 'unexpected';
        closed = code === 'closed' && !options.signal.aborted ? closed + 1 : 0;
        if (NOT_TAKEN.has(code) || closed >= CLOSED_IN_A_ROW) keeper.refused(identity);
        throw error;
      }
    },
    welcomed: () => {
      if (shown !== undefined) keeper.welcomed(shown);
    },
  };
};
