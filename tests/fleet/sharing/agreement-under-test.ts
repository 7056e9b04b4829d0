import { GATEWAY_A, GATEWAY_B, type HttpUnderTest } from '../http/http-under-test.js';

export { GATEWAY_A, GATEWAY_B };

/** A person of a role, signed in. */
export const ownerOf = async (http: HttpUnderTest, organisationId: string): Promise<string> => {
  const { registry } = http.fleet;
  const login = `${organisationId}-signs`;
  if (registry.personByLogin(login) === undefined) {
    const passwordHash = registry.passwordHash('person-org-owner');
    registry.addPerson({
      id: `person-${login}`,
      login,
      name: login,
      passwordHash,
      organisationId,
      role: 'owner',
    });
  }
  return http.login(login);
};

export const addOrganisation = (
  { fleet }: HttpUnderTest,
  id: string,
  type: 'municipality' | 'syndicate' | 'partner' = 'municipality',
): void => {
  const more = { code: null, timeZone: 'Europe/Paris', type } as const;
  fleet.registry.addOrganisation({ id, parentId: 'org', name: id.toUpperCase(), ...more });
};

export interface Made {
  readonly agreementId: string;
  readonly datasetId: string;
}

const title = { fr: 'Partage' };

/** A dataset of everything that an organisation has. */
export const makeDataset = async (
  http: HttpUnderTest,
  organisationId: string,
  content: Record<string, unknown> = {},
): Promise<string> => {
  const answer = await http.post(
    '/api/v1/datasets',
    {
      organisationId,
      selection: {},
      audience: 'agreement',
      title,
      licence: { key: 'restricted' },
      ...content,
    },
    await ownerOf(http, organisationId),
  );
  if (answer.status !== 200) throw new Error(answer.text);
  return String(answer.json()['id']);
};

export const clauseOf = (giver: string, dataset: string, more: Record<string, unknown> = {}) => ({
  key: `c-${giver}`,
  giver,
  dataset,
  receivers: 'parties',
  purposes: ['operations'],
  ...more,
});

export const termsOf = (
  parties: readonly string[],
  clauses: readonly unknown[],
  more: Record<string, unknown> = {},
) => ({
  title,
  parties: parties.map((organisationId) => ({ organisationId, name: `Ville de ${organisationId}` })),
  clauses,
  from: 0,
  to: null,
  accession: 'closed',
  ...more,
});

/** Asks for an act on an agreement as an organisation's owner. */
export const act = async (
  http: HttpUnderTest,
  organisationId: string,
  id: string,
  name: string,
  body: unknown = {},
) => http.post(`/api/v1/agreements/${id}/${name}`, body, await ownerOf(http, organisationId));

/** Drafts, proposes, and has all parties sign. */
export const agree = async (
  http: HttpUnderTest,
  terms: { readonly parties: readonly { readonly organisationId: string }[] },
): Promise<string> => {
  const [drafter = ''] = terms.parties.map(({ organisationId }) => organisationId);
  const drafted = await http.post('/api/v1/agreements', terms, await ownerOf(http, drafter));
  if (drafted.status !== 200) throw new Error(drafted.text);
  const id = String(drafted.json()['id']);
  const answers = [await act(http, drafter, id, 'propose')];
  for (const { organisationId } of terms.parties) {
    answers.push(await act(http, organisationId, id, 'sign', { version: 1 }));
  }
  const refused = answers.find(({ status }) => status !== 200);
  if (refused !== undefined) throw new Error(refused.text);
  return id;
};
