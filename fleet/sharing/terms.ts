import { Type, type Static } from 'typebox';
import { PURPOSES } from '../access/keys/purposes.js';
import { CONDITIONS } from './conditions.js';
import { TEXT } from './dataset.js';
import { SharingError } from './errors.js';
import { requireSoundConditions } from './sound-conditions.js';

const ID = Type.String({ minLength: 1, maxLength: 64 });

export const PARTY = Type.Object(
  { organisationId: ID, name: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
);
export type Party = Static<typeof PARTY>;

/** What one party gives, to whom, for what, on which conditions. */
export const CLAUSE = Type.Object(
  {
    key: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$' }),
    giver: ID,
    dataset: ID,
    receivers: Type.Union([Type.Literal('parties'), Type.Array(ID, { minItems: 1, maxItems: 100 })], {
      description: '`parties`: all the others, also those who join later.',
    }),
    purposes: Type.Array(Type.Enum([...PURPOSES]), { minItems: 1, uniqueItems: true }),
    conditions: Type.Optional(CONDITIONS),
  },
  { additionalProperties: false },
);
export type Clause = Static<typeof CLAUSE>;

export const TERMS = Type.Object(
  {
    title: TEXT,
    text: Type.Optional(TEXT),
    parties: Type.Array(PARTY, { minItems: 2, maxItems: 100 }),
    clauses: Type.Array(CLAUSE, { minItems: 1, maxItems: 500 }),
    conditions: Type.Optional(CONDITIONS),
    from: Type.Integer({
      minimum: 0,
      description: 'Begin of the term, UTC ms; not before the last signature.',
    }),
    to: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: 'End of the term, UTC ms.' }),
    accession: Type.Enum(['closed', 'open'], {
      description:
        'open: who is invited joins by their own signature; closed: all parties sign that they do.',
    }),
  },
  { additionalProperties: false },
);
export type Terms = Static<typeof TERMS>;

/** Whom a clause gives to. */
export const receiversOf = (clause: Clause, parties: readonly Party[]): readonly string[] => {
  const all = parties.map(({ organisationId }) => organisationId).filter((id) => id !== clause.giver);
  return clause.receivers === 'parties' ? all : all.filter((id) => clause.receivers.includes(id));
};

/** Throws `SharingError` `invalid` on terms that do not hold together. */
export const requireSound = (terms: Terms): void => {
  const parties = new Set(terms.parties.map(({ organisationId }) => organisationId));
  if (parties.size < terms.parties.length) throw invalid('parties: each once.');
  if (terms.to !== null && terms.to <= terms.from) throw invalid('to: must be later than from.');
  requireSoundConditions('conditions', terms.conditions);
  const keys = new Set<string>();
  for (const clause of terms.clauses) {
    const at = `clauses ${clause.key}`;
    if (keys.has(clause.key)) throw invalid(`${at}: there are two of this key.`);
    keys.add(clause.key);
    requireSoundConditions(`${at}: conditions`, clause.conditions);
    if (!parties.has(clause.giver)) throw invalid(`${at}: giver is no party.`);
    if (clause.receivers === 'parties') continue;
    for (const receiver of clause.receivers) {
      if (receiver === clause.giver || !parties.has(receiver)) {
        throw invalid(`${at}: receivers must be other parties.`);
      }
    }
  }
};

const invalid = (message: string): SharingError => new SharingError('invalid', message);
