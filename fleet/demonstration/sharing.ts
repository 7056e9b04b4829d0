import type { Ask, OpenedSession } from '../api-session.js';
import { fillTemplate } from '../sharing/fill-template.js';
import type { Template } from '../sharing/templates.js';
import type { Terms } from '../sharing/terms.js';
import { openSignatory, type Signatory } from './signatories.js';
import type { Territory } from './territory.js';

interface Organisation {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: string;
}

interface SeenAgreement {
  readonly id: string;
  readonly status: string;
  readonly versions: readonly {
    readonly number: number;
    readonly terms: Terms;
    readonly signatures: readonly { readonly organisationId: string }[];
  }[];
}

/** What was agreed on, and who signed it. */
export interface Shared {
  readonly towns: readonly Signatory[];
  readonly syndicate: Signatory;
  readonly parking: string;
  readonly water: string;
}

export interface SharingDeps {
  readonly url: string;
  readonly administrator: Ask;
  /** Where the signatories' logins are kept. */
  readonly folder: string;
  readonly territory: Territory;
}

/**
 * Two towns and a syndicate share car parks live and water by day, over the API like anybody: each makes its datasets,
 * one drafts, all sign by a person of their own. What an earlier start made is left as it is, also what somebody has
 * withdrawn from since; what it left half done is finished.
 */
export const shareData = async (deps: SharingDeps): Promise<Shared> => {
  const { sharing } = deps.territory;
  const known = await organisationsOf(deps.administrator);
  const towns: Signatory[] = [];
  for (const name of sharing.towns) towns.push(await signatoryOf(deps, organisationNamed(known, name)));
  const syndicate = await signatoryOf(deps, await syndicateOf(deps, known));
  const templates = await templatesOf(deps.administrator);
  const templateOf = (name: string): Template => {
    const found = templates.find((template) => template.name === name);
    if (found === undefined) throw new Error(`territory: there is no template ${name}`);
    return found;
  };
  const water = templateOf(sharing.water);
  return {
    towns,
    syndicate,
    parking: await agreeOn(templateOf(sharing.parking), towns, { role: 'territoire', party: syndicate }),
    // without the delay: there is something to see on the first day too
    water: await agreeOn(withoutDelay(water), towns, { role: 'syndicat', party: syndicate }),
  };
};

const organisationsOf = async (ask: Ask): Promise<readonly Organisation[]> =>
  ((await ask('GET', 'organisations?limit=1000')) as { readonly items: readonly Organisation[] }).items;

const templatesOf = async (ask: Ask): Promise<readonly (Template & { readonly name: string })[]> =>
  (
    (await ask('GET', 'agreements/templates')) as {
      readonly items: readonly (Template & { readonly name: string })[];
    }
  ).items;

const organisationNamed = (known: readonly Organisation[], name: string): Organisation => {
  const found = known.find((organisation) => organisation.name === name);
  if (found === undefined) throw new Error(`territory: there is no organisation ${name}`);
  return found;
};

const syndicateOf = async (
  { administrator, territory: { sharing } }: SharingDeps,
  known: readonly Organisation[],
): Promise<Organisation> => {
  const name = sharing.syndicate;
  const there = known.find((organisation) => organisation.name === name);
  if (there !== undefined) return there;
  const top = known.find(({ parentId }) => parentId === null);
  const order = { parentId: top?.id ?? null, name, type: 'syndicate' };
  return (await administrator('POST', 'organisations', order)) as Organisation;
};

const signatoryOf = (deps: SharingDeps, organisation: Organisation): Promise<Signatory> =>
  openSignatory(deps.url, deps.administrator, organisation, deps.folder);

const withoutDelay = (template: Template): Template => ({
  ...template,
  clauses: template.clauses.map((clause) => ({
    ...clause,
    conditions: { ...clause.conditions, delayMs: 0 },
  })),
});

interface Taken {
  readonly role: string;
  readonly party: Signatory;
}

/** The agreement of this template among the towns and one more: found again, or made and signed by all. */
const agreeOn = async (template: Template, towns: readonly Signatory[], other: Taken): Promise<string> => {
  const [drafter] = towns;
  if (drafter === undefined) throw new Error('territory: sharing takes towns');
  const { ask } = drafter.session;
  const { items } = (await ask('GET', 'agreements?limit=1000')) as {
    readonly items: readonly SeenAgreement[];
  };
  const there = items.find(({ versions }) => versions[0]?.terms.title.fr === template.title.fr);
  const agreement = there ?? (await draft(template, towns, other));
  const path = `agreements/${agreement.id}`;
  const proposed =
    agreement.status === 'draft' ? ((await ask('POST', `${path}/propose`, {})) as SeenAgreement) : agreement;
  if (proposed.status === 'proposed') await signByAll(proposed, [...towns, other.party]);
  return agreement.id;
};

const signByAll = async ({ id, versions }: SeenAgreement, all: readonly Signatory[]): Promise<void> => {
  const { number: version = 1, signatures = [] } = versions.at(-1) ?? {};
  for (const { organisationId, session } of all) {
    if (signatures.some((signature) => signature.organisationId === organisationId)) continue;
    await session.ask('POST', `agreements/${id}/sign`, { version });
  }
};

const draft = async (
  template: Template,
  towns: readonly Signatory[],
  other: Taken,
): Promise<SeenAgreement> => {
  const datasets = new Map<string, string>();
  for (const { organisationId, session } of towns) {
    for (const key of new Set(template.clauses.map(({ dataset }) => dataset))) {
      datasets.set(`${organisationId}/${key}`, await datasetOf(session, template, key));
    }
  }
  const takers = [...towns.map((party) => ({ role: 'commune', party })), other];
  const terms = fillTemplate(template, {
    takers: takers.map(({ role, party: { organisationId, organisation: name } }) => ({
      role,
      organisationId,
      name,
    })),
    datasetOf: (organisationId, key) => datasets.get(`${organisationId}/${key}`),
    from: 0,
    to: null,
  });
  return (await towns[0]?.session.ask('POST', 'agreements', terms)) as SeenAgreement;
};

/** A town's dataset of the template: found again by its title, or made. */
const datasetOf = async (
  { ask, organisationId }: OpenedSession,
  { datasets }: Template,
  key: string,
): Promise<string> => {
  const content = datasets[key];
  const { items } = (await ask('GET', 'datasets?limit=1000')) as {
    readonly items: readonly { id: string; organisationId: string; title: { fr: string } }[];
  };
  const there = items.find(
    (dataset) => dataset.organisationId === organisationId && dataset.title.fr === content?.title.fr,
  );
  if (there !== undefined) return there.id;
  const order = { organisationId, audience: 'agreement', ...content };
  return ((await ask('POST', 'datasets', order)) as { readonly id: string }).id;
};
