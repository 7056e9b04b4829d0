import { parseClaimLink } from '#wire/enrolment.js';
import { pause } from '../../clock/timers.js';
import { claimOnce, queueClaim } from '../../identity/enrol.js';
import { readHardwareSerial, readTextFile } from '../../identity/hardware-serial.js';
import { IdentityError } from '../../identity/errors.js';
import { loadIdentity } from '../../identity/stored-identity.js';
import { keepToOwner } from '../data-folder.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import { withTimeLimit } from '../../../drivers/time-limit.js';

const TRY_FOR_MS = 8_000;
const TRY_EVERY_MS = 1_000;

export interface EnrolOptions {
  /** `<address>/enrol#<token>`, as it is or as a QR code shows it. */
  readonly link: string | undefined;
  readonly fleet: string | undefined;
  readonly token: string | undefined;
  readonly config: string;
  readonly profiles: readonly string[];
}

/** Where and with what: of the link, or of both options. */
const orderOf = ({ link, fleet, token }: EnrolOptions): { fleetUrl: string; token: string } => {
  if (link !== undefined) {
    const parsed = parseClaimLink(link);
    if (parsed !== undefined && fleet === undefined && token === undefined) return parsed;
    throw new IdentityError(
      'token',
      'this is no claim link; it reads https://fleet.example.org/enrol#tt1.…, in quotes, and needs no other option',
    );
  }
  if (fleet !== undefined && token !== undefined) return { fleetUrl: fleet, token };
  throw new IdentityError('token', 'give the claim link, or --fleet and --token');
};

/** Queues the claim, then tries it for some seconds; what does not succeed by then is the running agent's. */
export const enrolCommand = async (
  options: EnrolOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  keepToOwner();
  const { name, dataFolder } = readConfiguration(options.config, options.profiles);
  const already = loadIdentity(dataFolder);
  if (already !== undefined) {
    output.explain(
      `This gateway is enrolled already, as ${already.gatewayId}. To enrol it anew, stop the agent and remove identity.json, next.json and key*.pem from ${dataFolder}.`,
    );
    return EXIT.failed;
  }
  const serial = readHardwareSerial(readTextFile);
  const order = { ...orderOf(options), name, ...(serial === undefined ? {} : { serial }) };
  const claim = await queueClaim(order, dataFolder);
  return withTimeLimit(signal, TRY_FOR_MS, async (patience) => {
    let why = '';
    while (!patience.aborted) {
      try {
        const identity = loadIdentity(dataFolder) ?? (await claimOnce(claim, dataFolder, patience));
        output.print(
          `Enrolled as ${identity.gatewayId}. Start the agent, or let it run on: it finds its certificate.`,
        );
        return EXIT.done;
      } catch (error) {
        if (!(error instanceof IdentityError) || !error.retryable) throw error;
        if (!patience.aborted) why = error.message;
      }
      await pause(TRY_EVERY_MS, patience);
    }
    output.explain(
      `Not enrolled yet${why === '' ? '' : `: ${why}`}.\nThe claim is queued: the agent tries again by itself while it runs, and measures meanwhile.`,
    );
    return EXIT.queued;
  });
};
