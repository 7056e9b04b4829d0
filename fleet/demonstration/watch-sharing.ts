import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, openSessionOf, type OpenedSession } from '../api-session.js';
import type { Shared } from './sharing.js';
import type { Signatory } from './signatories.js';

/** How long after a withdrawal its effect is said at the latest: the effect itself is in the next answer. */
const LOOK_MS = 3000;

export interface WatchDeps {
  readonly url: string;
  readonly shared: Shared;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

interface Flow {
  readonly reader: Signatory;
  readonly giver: Signatory;
  readonly purpose: string;
  readonly what: string;
}

const flowsOf = ({ towns, syndicate }: Shared): readonly Flow[] => [
  ...[...towns, syndicate].flatMap((reader) =>
    towns
      .filter((giver) => giver !== reader)
      .map((giver) => ({ reader, giver, purpose: 'operations', what: 'car-park points' })),
  ),
  ...towns.map((giver) => ({
    reader: syndicate,
    giver,
    purpose: 'water-management',
    what: 'water points, by day,',
  })),
];

/** Looks at what each party gets of another, and prints it where it is another than before. */
export const watchSharing = async ({ url, shared, signal, print }: WatchDeps): Promise<void> => {
  const seen = new Map<Flow, number>();
  const sessions = new Map<Signatory, OpenedSession>();
  const flows = flowsOf(shared);
  while (!signal.aborted) {
    for (const flow of flows) {
      const count = await countOf(url, flow, sessions);
      if (count === undefined || count === (seen.get(flow) ?? 0)) continue;
      seen.set(flow, count);
      const { reader, giver, what } = flow;
      print(`  Sharing: ${reader.organisation} now reads ${count} ${what} of ${giver.organisation}.`);
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** Points that the reader gets of the giver; `undefined` while the fleet does not answer. */
const countOf = async (
  url: string,
  { reader, giver, purpose }: Flow,
  sessions: Map<Signatory, OpenedSession>,
): Promise<number | undefined> => {
  try {
    const { ask } = sessions.get(reader) ?? reader.session;
    const page = (await ask('GET', `points?limit=1000&purpose=${purpose}`)) as {
      readonly items: readonly { readonly organisationId: string }[];
    };
    return page.items.filter(({ organisationId }) => organisationId === giver.organisationId).length;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      // the session has ended
      await openSessionOf(url, reader).then(
        (session) => sessions.set(reader, session),
        () => undefined,
      );
    }
    return undefined;
  }
};
