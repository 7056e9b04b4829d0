import type { HoldingRecord } from '../../store/organisations-store.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';

/** What of a thing's past its next holder may read. */
export type Past = 'readable' | 'withheld';

export interface HandOver {
  /** The next holder. */
  readonly to: string;
  /** From when on, UTC ms. */
  readonly at: number;
  readonly past: Past;
}

export type HeldThing = 'holding' | 'gatewayHolding' | 'locationHolding' | 'siteHolding';

const NOUNS = {
  holding: 'device',
  gatewayHolding: 'gateway',
  locationHolding: 'location',
  siteHolding: 'site',
} as const;

/** The holder of a thing, now or as it was named last. Throws `unknown` where there is no such thing. */
export const lastHolding = (draft: Draft, thing: HeldThing, subjectId: string): HoldingRecord => {
  const open = draft.records(thing, { subjectId, title: 'holder' }).find(({ to }) => to === null);
  if (open === undefined) throw new OrganisationError('unknown', `There is no ${NOUNS[thing]} ${subjectId}.`);
  return open;
};

/**
 * Gives a thing to its next holder from `at` on. What was before stays with who held it; where the past is readable,
 * the next holder may read all that the former one could, and no more. Throws `conflict` where it was given away
 * after `at` already.
 */
export const handOver = (
  draft: Draft,
  thing: HeldThing,
  subjectId: string,
  { to, at, past }: HandOver,
  newId: () => string,
): void => {
  const open = lastHolding(draft, thing, subjectId);
  if (open.organisationId === to) return;
  if (at < open.from) {
    throw new OrganisationError(
      'conflict',
      `The ${NOUNS[thing]} ${subjectId} was given to its holder on ${new Date(open.from).toISOString()}, ` +
        `after the date of this transfer; undo that one first.`,
    );
  }
  const readable = draft
    .records(thing, { subjectId, organisationId: open.organisationId })
    .map((row) => ({ from: row.from, to: Math.min(row.to ?? Infinity, at) }))
    .filter((row) => row.from < row.to);
  if (at === open.from) draft.remove(thing, open);
  else draft.put(thing, { ...open, to: at });
  draft.put(thing, { id: newId(), subjectId, organisationId: to, from: at, to: null, title: 'holder' });
  if (past === 'withheld') return;
  for (const row of readable) {
    draft.put(thing, { id: newId(), subjectId, organisationId: to, ...row, title: 'past' });
  }
};
