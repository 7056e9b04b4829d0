import {
  activeParties,
  isActive,
  openVersion,
  statusOf,
  versionInForce,
  type Agreement,
  type AgreementDeed,
  type AgreementEvent,
} from './agreement.js';
import { SharingError } from './errors.js';
import { requireSound, type Clause, type Party, type Terms } from './terms.js';

/** Who wants it done, for which organisation, when. */
export interface Step {
  readonly at: number;
  readonly by: string;
  readonly organisationId: string;
}

/** What somebody wants done to an agreement. */
export type Wanted =
  | Exclude<AgreementDeed, { readonly type: 'joined' }>
  /** Who was invited joins, and gives this. */
  | { readonly type: 'join'; readonly clauses: readonly Clause[] };

/**
 * The event that a wish becomes, where the rules permit it; else throws `SharingError`. Pure: the same agreement, wish
 * and time give the same.
 */
export const step = (agreement: Agreement | undefined, wanted: Wanted, who: Step): AgreementEvent => {
  if (agreement === undefined) {
    if (wanted.type !== 'drafted') throw new SharingError('unknown', 'There is no such agreement.');
    return { ...who, ...soundDraft(wanted.terms, who.organisationId) };
  }
  return { ...who, ...deedOf(agreement, wanted, who) };
};

const deedOf = (agreement: Agreement, wanted: Wanted, who: Step): AgreementDeed => {
  const { organisationId } = who;
  switch (wanted.type) {
    case 'drafted':
      requireDrafter(agreement, organisationId);
      requirePhase(agreement.phase === 'draft', 'It is no draft any more: amend it.');
      return soundDraft(wanted.terms, agreement.drafter);
    case 'proposed':
      requireDrafter(agreement, organisationId);
      requirePhase(agreement.phase === 'draft', 'It was proposed already.');
      return wanted;
    case 'signed':
      return signing(agreement, wanted, organisationId);
    case 'amended':
      requireBound(agreement, who);
      requirePhase(openVersion(agreement) === undefined, 'Another version waits for signatures.');
      requireSound(wanted.terms);
      return wanted;
    case 'recalled':
      return recalling(agreement, organisationId);
    case 'invited':
      requireBound(agreement, who);
      requirePhase(!isActive(agreement, wanted.party.organisationId), 'They are a party already.');
      requirePhase(!isInvited(agreement, wanted.party.organisationId), 'They are invited already.');
      return wanted;
    case 'join':
      return joining(agreement, wanted.clauses, who);
    case 'withdrew':
      return withdrawing(agreement, wanted, organisationId);
    case 'ended':
      requireBound(agreement, who);
      requirePhase(!agreement.ending.has(organisationId), 'You agreed to its end already.');
      return wanted;
  }
};

const soundDraft = (terms: Terms, drafter: string): AgreementDeed => {
  requireSound(terms);
  if (!terms.parties.some(({ organisationId }) => organisationId === drafter)) {
    throw new SharingError('invalid', 'parties: whoever drafts it is one of them.');
  }
  return { type: 'drafted', terms };
};

const requirePhase = (holds: boolean, message: string): void => {
  if (!holds) throw new SharingError('not-now', message);
};

const requireDrafter = ({ drafter }: Agreement, organisationId: string): void => {
  if (drafter !== organisationId) throw new SharingError('not-party', 'It is another organisation’s draft.');
};

/** A party that has signed and not withdrawn, while the agreement stands. */
const requireBound = (agreement: Agreement, { organisationId, at }: Step): void => {
  const status = statusOf(agreement, at);
  requirePhase(status === 'in-force' || status === 'signed', `It is ${status}.`);
  if (!isActive(agreement, organisationId)) {
    throw new SharingError('not-party', 'Only a party that is bound by it may do that.');
  }
};

const isInvited = ({ invited }: Agreement, organisationId: string): boolean =>
  invited.some((party) => party.organisationId === organisationId);

const signing = (
  agreement: Agreement,
  wanted: Extract<Wanted, { type: 'signed' }>,
  organisationId: string,
): AgreementDeed => {
  const open = openVersion(agreement);
  requirePhase(agreement.phase !== 'draft' && open !== undefined, 'No version waits for signatures.');
  if (open?.number !== wanted.version) {
    throw new SharingError(
      'changed-since',
      'It is another version that waits for signatures: read it first.',
    );
  }
  if (!open.signers.includes(organisationId)) {
    throw new SharingError('not-party', 'It does not need your signature.');
  }
  const signed = open.signatures.some((signature) => signature.organisationId === organisationId);
  requirePhase(!signed, 'You have signed it.');
  return wanted;
};

const recalling = (agreement: Agreement, organisationId: string): AgreementDeed => {
  const open = openVersion(agreement);
  requirePhase(open !== undefined, 'There is nothing to take back.');
  if (open?.proposedBy !== organisationId) {
    throw new SharingError('not-party', 'Whoever proposed a version takes it back.');
  }
  return { type: 'recalled' };
};

const joining = (agreement: Agreement, clauses: readonly Clause[], who: Step): AgreementDeed => {
  const status = statusOf(agreement, who.at);
  requirePhase(status === 'in-force' || status === 'signed', `It is ${status}.`);
  requirePhase(openVersion(agreement) === undefined, 'Another version waits for signatures.');
  const party = agreement.invited.find(({ organisationId }) => organisationId === who.organisationId);
  const terms = versionInForce(agreement)?.terms;
  if (party === undefined || terms === undefined) throw new SharingError('not-party', 'You are not invited.');
  if (clauses.some(({ giver }) => giver !== who.organisationId)) {
    throw new SharingError('invalid', 'clauses: whoever joins says what they give themselves.');
  }
  const joined = joinedTerms(agreement, terms, party, clauses);
  requireSound(joined);
  return { type: 'joined', terms: joined };
};

/** The terms in force among those who are still bound, with one more party. */
const joinedTerms = (agreement: Agreement, terms: Terms, party: Party, clauses: readonly Clause[]): Terms => {
  const parties = activeParties(agreement);
  const bound = new Set(parties.map(({ organisationId }) => organisationId));
  const kept = terms.clauses.flatMap((clause): Clause[] => {
    if (!bound.has(clause.giver)) return [];
    if (clause.receivers === 'parties') return [clause];
    const receivers = clause.receivers.filter((id) => bound.has(id));
    return receivers.length === 0 ? [] : [{ ...clause, receivers }];
  });
  return { ...terms, parties: [...parties, party], clauses: [...kept, ...clauses] };
};

const withdrawing = (
  agreement: Agreement,
  wanted: Extract<Wanted, { type: 'withdrew' }>,
  organisationId: string,
): AgreementDeed => {
  const open = openVersion(agreement);
  const waits = agreement.phase !== 'draft' && open?.signers.includes(organisationId) === true;
  if (!isActive(agreement, organisationId) && !waits && !isInvited(agreement, organisationId)) {
    throw new SharingError('not-party', 'You are no party to it.');
  }
  requirePhase(agreement.phase === 'sealed' || agreement.phase === 'proposed', `It is ${agreement.phase}.`);
  return wanted;
};
