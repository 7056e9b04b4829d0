import { slugOf } from '../slug.js';
import { SharingError } from './errors.js';
import type { Template } from './templates.js';
import type { Clause, Party, Terms } from './terms.js';

/** A party with the part that it takes. */
export interface Taker extends Party {
  readonly role: string;
}

export interface Blanks {
  readonly takers: readonly Taker[];
  /** The id of an organisation's dataset for one of the template's; `undefined`: not said. */
  readonly datasetOf: (organisationId: string, key: string) => string | undefined;
  /** UTC ms. */
  readonly from: number;
  readonly to: number | null;
}

const MAX_KEY = 40;

/** Terms of a template with its blanks filled in. Throws `SharingError` `invalid` where something is missing. Pure. */
export const fillTemplate = (template: Template, { takers, datasetOf, from, to }: Blanks): Terms => {
  requireRoles(template, takers);
  const { title, text, conditions, accession } = template;
  return {
    title,
    text,
    parties: takers.map(({ organisationId, name }) => ({ organisationId, name })),
    clauses: takers.flatMap((taker) => clausesOf(template, taker, takers, datasetOf)),
    ...(conditions === undefined ? {} : { conditions }),
    from,
    to,
    accession,
  };
};

/** What one party's clause of a kind is called. */
export const clauseKeyOf = (kind: string, party: string): string =>
  `${kind}-${party}`.slice(0, MAX_KEY).replace(/-+$/, '');

/** What one party gives by its part. */
const clausesOf = (
  template: Template,
  { role, organisationId, name }: Taker,
  takers: readonly Taker[],
  datasetOf: Blanks['datasetOf'],
): Clause[] =>
  template.clauses
    .filter(({ giver }) => giver === role)
    .flatMap(({ key, dataset, receivers, purposes, conditions }) => {
      const named =
        receivers === 'parties'
          ? receivers
          : takers
              .filter((taker) => receivers.includes(taker.role) && taker.organisationId !== organisationId)
              .map((taker) => taker.organisationId);
      if (named.length === 0) return [];
      const id = datasetOf(organisationId, dataset);
      if (id === undefined) {
        throw new SharingError(
          'invalid',
          `Which dataset does ${name} give as ${dataset}? --dataset ${organisationId}/${dataset}=ID.`,
        );
      }
      return [
        {
          key: clauseKeyOf(key, slugOf(name)),
          giver: organisationId,
          dataset: id,
          receivers: named,
          purposes: [...purposes],
          ...(conditions === undefined ? {} : { conditions }),
        },
      ];
    });

const requireRoles = ({ roles }: Template, takers: readonly Taker[]): void => {
  for (const { role } of takers) {
    if (role in roles) continue;
    throw new SharingError('invalid', `There is no part ${role}: ${Object.keys(roles).join(', ')}.`);
  }
  for (const [role, { several = false }] of Object.entries(roles)) {
    const count = takers.filter((taker) => taker.role === role).length;
    if (count === 0) throw new SharingError('invalid', `Nobody takes the part ${role}: --party ${role}=….`);
    if (count > 1 && !several) throw new SharingError('invalid', `Only one party takes the part ${role}.`);
  }
};
