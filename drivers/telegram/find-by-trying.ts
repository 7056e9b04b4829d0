import type { Endpoint, Protocol } from '../driver.js';
import type { Sample } from '../sample.js';
import {
  FinderError,
  settingsName,
  type Candidate,
  type Finder,
  type FinderDeps,
  type FindOptions,
  type FoundDevice,
} from '../finder.js';
import type { Profile } from '../profile.js';
import { withTimeLimit } from '../time-limit.js';

export interface TryingParts {
  readonly openBus: Protocol['openBus'];
  /** Speeds at which devices of the protocol speak, the usual first. */
  readonly speeds: readonly number[];
  /** Where a device of this model may be, the usual address first. */
  readonly addresses: (profile: Profile) => readonly string[];
  /** How long a device of this model may take to say something, ms. */
  readonly replyMs: (profile: Profile) => number;
}

interface Try {
  readonly endpoint: Endpoint;
  readonly profile: Profile;
  readonly address: string;
}

const triesOf = (parts: TryingParts, { target, profiles, addresses }: FindOptions): readonly Try[] => {
  const { endpoint, settled } = target;
  const endpoints =
    endpoint.type !== 'serial' || settled
      ? [endpoint]
      : [...new Set([endpoint.baudRate, ...parts.speeds])].map((baudRate) => ({ ...endpoint, baudRate }));
  return endpoints.flatMap((each) =>
    profiles.flatMap((profile) =>
      (addresses ?? parts.addresses(profile)).map((address) => ({ endpoint: each, profile, address })),
    ),
  );
};

const read = async (
  parts: TryingParts,
  { endpoint, profile, address }: Try,
  framing: string,
  deps: FinderDeps,
  signal: AbortSignal,
): Promise<readonly Sample[]> => {
  const replyMs = parts.replyMs(profile);
  const { points, maxRegisters, section } = profile;
  const bus = parts.openBus(
    { key: 'scan', endpoint, framing, timeoutMs: replyMs, latenessMs: replyMs, pauseMs: 0 },
    deps,
  );
  try {
    return await bus.read({ unit: { address, maxRegisters, section }, points }, signal);
  } finally {
    await bus.close();
  }
};

interface Found extends Candidate {
  readonly endpoint: Endpoint;
  readonly address: string;
  readonly samples: readonly Sample[];
}

const judge = ({ endpoint, profile, address }: Try, samples: readonly Sample[]): Found => {
  const fitting = samples.filter(({ value }) => value !== null).length;
  const against = samples.length - fitting;
  return { profile, fitting, against, identified: false, endpoint, address, samples };
};

/** What fits whole goes before what fits in part. */
const better = (a: Found, b: Found): number => a.against - b.against || b.fitting - a.fitting;

const deviceOf = (best: Found, others: readonly Found[]): FoundDevice => ({
  address: best.address,
  best,
  certain:
    best.against === 0 && !others.some(({ against, fitting }) => against === 0 && fitting >= best.fitting),
  rivals: others,
  samples: best.samples,
});

/**
 * Finds the device of a line by asking, or listening, as each profile says, at one speed after the other: a device of
 * which nothing but its profile tells how it speaks. It stops at the first speed at which something fits.
 */
export const createTryingFinder =
  (parts: TryingParts): Finder =>
  async (options, deps, signal) => {
    const { target } = options;
    const report = { framing: target.framing, overheard: 0, doubtful: [], garbled: [], notes: [] };
    const tries = triesOf(parts, options);
    const found: Found[] = [];
    const complete = await withTimeLimit(signal, options.lookMs, async (looking) => {
      try {
        for (const [done, each] of tries.entries()) {
          const [fits] = found;
          if (fits !== undefined && fits.endpoint !== each.endpoint) break;
          const what = `${each.profile.id} at ${settingsName(each.endpoint)}`;
          deps.progress({ phase: 'looking', what, done, total: tries.length, found: found.length });
          const samples = await read(parts, each, target.framing, deps, looking);
          const closed = samples.find(({ fault }) => fault?.code === 'closed');
          if (closed?.fault !== undefined && found.length === 0)
            throw new FinderError('unreachable', closed.fault.detail);
          const judged = judge(each, samples);
          if (judged.fitting > 0) found.push(judged);
        }
        return true;
      } catch (error) {
        if (!looking.aborted) throw error;
        return false;
      }
    });
    const [best, ...others] = found.toSorted(better);
    const devices = best === undefined ? [] : [deviceOf(best, others)];
    return { ...report, endpoint: best?.endpoint ?? target.endpoint, devices, complete };
  };
