import type { Party, Terms } from './terms.js';

/**
 * An agreement is what happened to it: events, each made by `agreement-steps.ts` where the rules permit it, folded here
 * into what it is. Pure.
 */
interface Happened {
  /** UTC ms. */
  readonly at: number;
  /** Id of who acted, and the organisation that they acted for. */
  readonly by: string;
  readonly organisationId: string;
}

export interface Signer {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

export type AgreementDeed =
  /** The first event; again while it is a draft. */
  | { readonly type: 'drafted'; readonly terms: Terms }
  | { readonly type: 'proposed' }
  | { readonly type: 'signed'; readonly version: number; readonly signer: Signer }
  /** Proposes another version; the one in force stays so until all have signed. */
  | { readonly type: 'amended'; readonly terms: Terms }
  /** A version that is not in force yet is taken back. */
  | { readonly type: 'recalled' }
  | { readonly type: 'invited'; readonly party: Party }
  /** Who was invited proposes the version of which they are a party. */
  | { readonly type: 'joined'; readonly terms: Terms }
  | { readonly type: 'withdrew'; readonly reason: string | null }
  /** Agrees that it ends for all; when all parties have, it does. */
  | { readonly type: 'ended' };

export type AgreementEvent = Happened & AgreementDeed;

export interface Signature extends Signer {
  readonly organisationId: string;
  readonly at: number;
}

export interface Version {
  readonly number: number;
  readonly terms: Terms;
  readonly proposedBy: string;
  /** Whose signature it needs. */
  readonly signers: readonly string[];
  readonly signatures: readonly Signature[];
  /** When the last of them signed. */
  readonly sealedAt: number | null;
  /** When it was taken back, or lost a party before all had signed. */
  readonly droppedAt: number | null;
}

export interface Agreement {
  readonly id: string;
  readonly drafter: string;
  readonly phase: 'draft' | 'proposed' | 'sealed' | 'withdrawn' | 'ended';
  readonly versions: readonly Version[];
  readonly invited: readonly Party[];
  /** Parties of the version in force that withdrew since, and when. */
  readonly withdrawn: ReadonlyMap<string, number>;
  /** Who agreed that it ends. */
  readonly ending: ReadonlySet<string>;
  /** Number of events. */
  readonly length: number;
}

export type Status = 'draft' | 'proposed' | 'signed' | 'in-force' | 'withdrawn' | 'ended';

/** The version that all have signed, newest first. */
export const versionInForce = ({ versions }: Agreement): Version | undefined =>
  versions.findLast(({ sealedAt }) => sealedAt !== null);

/** The version that waits for signatures, or is a draft. */
export const openVersion = ({ versions }: Agreement): Version | undefined => {
  const last = versions.at(-1);
  return last !== undefined && last.sealedAt === null && last.droppedAt === null ? last : undefined;
};

/** Parties that are bound: of the version in force, less who withdrew. */
export const activeParties = (agreement: Agreement): readonly Party[] =>
  (versionInForce(agreement)?.terms.parties ?? []).filter(
    ({ organisationId }) => !agreement.withdrawn.has(organisationId),
  );

export const isActive = (agreement: Agreement, organisationId: string): boolean =>
  activeParties(agreement).some((party) => party.organisationId === organisationId);

/** What it is at a time: its term begins and ends by itself. */
export const statusOf = (agreement: Agreement, now: number): Status => {
  if (agreement.phase !== 'sealed') return agreement.phase;
  const { from = 0, to = null } = versionInForce(agreement)?.terms ?? {};
  if (to !== null && now >= to) return 'ended';
  return now < from ? 'signed' : 'in-force';
};

/** Folds one event. It trusts that the event was permitted. */
export const after = (known: Agreement | undefined, id: string, event: AgreementEvent): Agreement => {
  const agreement = { ...(known ?? newAgreement(id, event.organisationId)) };
  return settle({ ...happen(agreement, event), length: agreement.length + 1 }, event.at);
};

export const agreementOf = (id: string, events: readonly AgreementEvent[]): Agreement | undefined => {
  let agreement: Agreement | undefined;
  for (const event of events) agreement = after(agreement, id, event);
  return agreement;
};

const newAgreement = (id: string, drafter: string): Agreement => ({
  id,
  drafter,
  phase: 'draft',
  versions: [],
  invited: [],
  withdrawn: new Map(),
  ending: new Set(),
  length: 0,
});

const happen = (agreement: Agreement, event: AgreementEvent): Agreement => {
  switch (event.type) {
    case 'drafted':
      return { ...agreement, versions: [versionOf(agreement, event, 1, event.terms)] };
    case 'proposed':
      return { ...agreement, phase: 'proposed' };
    case 'amended':
    case 'joined':
      return {
        ...agreement,
        versions: [
          ...agreement.versions,
          versionOf(agreement, event, agreement.versions.length + 1, event.terms),
        ],
      };
    case 'signed': {
      const { signer, organisationId, at } = event;
      return withOpen(agreement, (version) => ({
        ...version,
        signatures: [...version.signatures, { ...signer, organisationId, at }],
      }));
    }
    case 'recalled':
      return dropped(agreement, event.at);
    case 'invited':
      return { ...agreement, invited: [...agreement.invited, event.party] };
    case 'withdrew':
      return withdraw(agreement, event.organisationId, event.at);
    case 'ended':
      return { ...agreement, ending: new Set([...agreement.ending, event.organisationId]) };
  }
};

const versionOf = (
  agreement: Agreement,
  { type, organisationId }: AgreementEvent,
  number: number,
  terms: Terms,
): Version => {
  const parties = terms.parties.map((party) => party.organisationId);
  const bound = activeParties(agreement).map((party) => party.organisationId);
  const alone = type === 'joined' && versionInForce(agreement)?.terms.accession === 'open';
  // whom an amendment leaves out signs it too
  const signers = alone ? [organisationId] : [...new Set([...parties, ...bound])];
  return {
    number,
    terms,
    proposedBy: organisationId,
    signers,
    signatures: [],
    sealedAt: null,
    droppedAt: null,
  };
};

const withOpen = (agreement: Agreement, change: (version: Version) => Version): Agreement => {
  const open = openVersion(agreement);
  if (open === undefined) return agreement;
  return {
    ...agreement,
    versions: agreement.versions.map((version) => (version === open ? change(version) : version)),
  };
};

const dropped = (agreement: Agreement, at: number): Agreement => {
  const next = withOpen(agreement, (version) => ({ ...version, droppedAt: at }));
  return agreement.phase === 'sealed' ? next : { ...next, phase: 'withdrawn' };
};

/** What waits for the signature of whoever leaves comes to nothing: the others signed it expecting them. */
const withdraw = (agreement: Agreement, organisationId: string, at: number): Agreement => {
  const left = {
    ...agreement,
    invited: agreement.invited.filter((party) => party.organisationId !== organisationId),
    withdrawn: isActive(agreement, organisationId)
      ? new Map([...agreement.withdrawn, [organisationId, at] as const])
      : agreement.withdrawn,
  };
  const open = openVersion(left);
  const concerned =
    open !== undefined &&
    (open.signers.includes(organisationId) ||
      open.terms.parties.some((party) => party.organisationId === organisationId));
  return concerned ? dropped(left, at) : left;
};

/** What follows by itself: the last signature puts in force, the last but one party's leaving ends it. */
const settle = (agreement: Agreement, at: number): Agreement => {
  const open = openVersion(agreement);
  const signed = new Set(open?.signatures.map(({ organisationId }) => organisationId));
  if (open !== undefined && agreement.phase !== 'draft' && open.signers.every((id) => signed.has(id))) {
    return sealed(agreement, open, at);
  }
  if (agreement.phase !== 'sealed') return agreement;
  const active = activeParties(agreement);
  if (active.length < 2) return { ...dropped(agreement, at), phase: 'withdrawn' };
  const ends = active.every(({ organisationId }) => agreement.ending.has(organisationId));
  return ends ? { ...dropped(agreement, at), phase: 'ended' } : agreement;
};

const sealed = (agreement: Agreement, open: Version, at: number): Agreement => {
  const parties = new Set(open.terms.parties.map(({ organisationId }) => organisationId));
  // who signed again after leaving is back
  const withdrawn = [...agreement.withdrawn].filter(([id]) => parties.has(id) && !open.signers.includes(id));
  return {
    ...withOpen(agreement, (version) => ({ ...version, sealedAt: at })),
    phase: 'sealed',
    withdrawn: new Map(withdrawn),
    invited: agreement.invited.filter(({ organisationId }) => !parties.has(organisationId)),
    ending: new Set(),
  };
};
