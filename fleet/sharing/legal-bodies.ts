import type { Organisation } from '../store/registry-store.js';

/** Services are parts of whom they belong to: these are what gives, gets and signs. */
export interface LegalBodies {
  /** The body that an organisation is a service of; itself where it is none, or is not there. */
  bodyOf(organisationId: string): string;
  /** A body with all services that are part of it. */
  servicesOf(organisationId: string): readonly string[];
}

const made = new WeakMap<readonly Organisation[], LegalBodies>();

/** Made once for each list: the registry gives the same one until it changes. */
export const legalBodiesOf = (organisations: readonly Organisation[]): LegalBodies => {
  const known = made.get(organisations);
  if (known !== undefined) return known;
  const bodies = createLegalBodies(organisations);
  made.set(organisations, bodies);
  return bodies;
};

const createLegalBodies = (organisations: readonly Organisation[]): LegalBodies => {
  const byId = new Map(organisations.map((organisation) => [organisation.id, organisation]));
  const bodyOf = (organisationId: string): string => {
    const seen = new Set<string>();
    for (let id = organisationId; ;) {
      const organisation = byId.get(id);
      if (organisation?.type !== 'service' || organisation.parentId === null || seen.has(id)) return id;
      seen.add(id);
      id = organisation.parentId;
    }
  };
  const parts = new Map<string, string[]>();
  for (const { id } of organisations) {
    const body = bodyOf(id);
    const known = parts.get(body);
    if (known === undefined) parts.set(body, [id]);
    else known.push(id);
  }
  return { bodyOf, servicesOf: (id) => parts.get(id) ?? [] };
};
