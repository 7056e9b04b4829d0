import jsonld from 'jsonld';
import { Parser, Store } from 'n3';
import { describe, expect, test } from 'vitest';
import { openTerritory } from '../http/territory.js';
import {
  act,
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from './agreement-under-test.js';

const ODRL = 'http://www.w3.org/ns/odrl/2/';
const BASE = 'http://terroir.example/api/v1';

const openAgreement = async () => {
  const http = await openTerritory();
  addOrganisation(http, 'c');
  const open = { licence: { key: 'licence-ouverte-2.0' }, conditions: { onwardSharing: true } };
  const datasets = [await makeDataset(http, 'a'), await makeDataset(http, 'b', open)];
  const id = await agree(
    http,
    termsOf(
      ['a', 'b', 'c'],
      [
        clauseOf('a', datasets[0] ?? '', {
          purposes: ['operations', 'research'],
          receivers: ['b'],
          conditions: {
            finest: '1d',
            delayMs: 5_400_000,
            area: [3, 45, 3.2, 45.9],
            from: 0,
            aggregation: { contributors: 11, maxShare: 0.5 },
          },
        }),
        clauseOf('b', datasets[1] ?? '', { conditions: { onwardSharing: true } }),
      ],
      { to: Date.parse('2030-01-01'), conditions: { onwardSharing: true } },
    ),
  );
  const read = async (name: string, accept: string) =>
    http.ask('GET', `/api/v1/agreements/${id}/odrl`, {
      accept,
      host: 'terroir.example',
      authorization: `Bearer ${await ownerOf(http, name)}`,
    });
  return { http, id, datasets, read };
};

const expanded = async (document: object) =>
  jsonld.expand(document, { documentLoader: async (url: string) => Promise.reject(new Error(url)) });

/** Operator and right operands of the constraints of a rule, by left operand. */
const constraintsOf = (store: Store, rule: string): Record<string, string[]> => {
  const found: Record<string, string[]> = {};
  for (const { object } of store.match(rule as never, null, null)) {
    const [left] = store.getObjects(object, `${ODRL}leftOperand`, null);
    if (left === undefined) continue;
    const operator = store
      .getObjects(object, `${ODRL}operator`, null)
      .map(({ value }) => value.replace(ODRL, ''));
    const right = store.getObjects(object, `${ODRL}rightOperand`, null).map(({ value }) => value);
    (found[left.value.replace(ODRL, '')] ??= []).push([...operator, ...right.toSorted()].join(' '));
  }
  return found;
};

describe('an agreement in ODRL', () => {
  test('says who gives what to whom, for what, on which conditions, in terms of ODRL 2.2', async () => {
    const { id, datasets, read, http } = await openAgreement();
    const answer = await read('b', 'text/turtle');
    expect(answer.status).toBe(200);
    const store = new Store(new Parser().parse(answer.text));
    const values = (subject: string, predicate: string) =>
      store.getObjects(subject, predicate, null).map(({ value }) => value);
    const policy = `${BASE}/agreements/${id}`;
    expect(values(policy, 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type')).toContain(`${ODRL}Agreement`);
    expect(values(policy, `${ODRL}profile`)).toEqual(['urn:terroir:odrl']);
    expect(values(policy, `${ODRL}permission`)).toEqual([`${policy}#c-a`, `${policy}#c-b`]);
    const rule = `${policy}#c-a`;
    expect(values(rule, `${ODRL}assigner`)).toEqual([`${BASE}/organisations/a`]);
    expect(values(rule, `${ODRL}assignee`)).toEqual([`${BASE}/organisations/b`]);
    expect(values(rule, `${ODRL}target`)).toEqual([`${BASE}/datasets/${datasets[0]}`]);
    expect(values(rule, `${ODRL}action`)).toEqual([`${ODRL}use`]);
    expect(constraintsOf(store, rule)).toEqual({
      purpose: ['isAnyOf urn:terroir:purpose:operations urn:terroir:purpose:research'],
      dateTime: [`gteq ${new Date(http.clock.now).toISOString()}`, 'lt 2030-01-01T00:00:00.000Z'],
      resolution: ['gteq P1D'],
      delayPeriod: ['gteq PT1H30M'],
      spatialCoordinates: ['isPartOf POLYGON((3 45,3.2 45,3.2 45.9,3 45.9,3 45))'],
      absoluteTemporalPosition: ['gteq 1970-01-01T00:00:00.000Z'],
      'urn:terroir:odrl:contributors': ['gteq 11'],
      'urn:terroir:odrl:largest-share': ['lteq 5.0E-1'],
    });
    // passing it on is forbidden, but where all permit it
    expect(values(policy, `${ODRL}prohibition`)).toEqual([`${rule}-onward`]);
    expect(values(`${policy}#c-b`, `${ODRL}action`)).toEqual([`${ODRL}use`, `${ODRL}distribute`]);
    const [duty] = store.getObjects(`${policy}#c-b`, `${ODRL}duty`, null);
    expect(store.getObjects(duty ?? null, `${ODRL}action`, null).map(({ value }) => value)).toEqual([
      `${ODRL}attribute`,
    ]);
    // as JSON-LD it expands to the same rules, without any term that falls away
    const [first] = await expanded((await read('b', 'application/ld+json')).json());
    expect(first).toMatchObject({
      '@id': policy,
      [`${ODRL}permission`]: [{ '@id': rule, [`${ODRL}action`]: [{ '@id': `${ODRL}use` }] }, {}],
    });
    expect(JSON.stringify(first)).not.toMatch(/"(?:odrl|dct|skos|foaf|adms):/);
  });

  test('ends for whom has left, and is told to nobody who has no part in it', async () => {
    const { http, id, read } = await openAgreement();
    addOrganisation(http, 'd');
    expect((await read('d', 'text/turtle')).status).toBe(404);
    http.clock.now += 60_000;
    await act(http, 'c', id, 'withdraw');
    const without = new Store(new Parser().parse((await read('b', 'text/turtle')).text));
    const clause = `${BASE}/agreements/${id}#c-b`;
    const assignees = without.getObjects(clause, `${ODRL}assignee`, null).map(({ value }) => value);
    expect(assignees).toEqual([`${BASE}/organisations/a`]);
    http.clock.now += 60_000;
    await act(http, 'a', id, 'withdraw');
    const store = new Store(new Parser().parse((await read('b', 'text/turtle')).text));
    const left = new Date(http.clock.now).toISOString();
    expect(constraintsOf(store, `${BASE}/agreements/${id}#c-a`)['dateTime']).toContain(`lt ${left}`);
    expect(constraintsOf(store, clause)['dateTime']).toContain(`lt ${left}`);
    const gone = new Store(new Parser().parse((await read('a', 'text/turtle')).text));
    expect(gone.size).toBeGreaterThan(0);
  });

  test('ends where the last who got something has left, though others stay', async () => {
    const { http, id, read } = await openAgreement();
    http.clock.now += 60_000;
    await act(http, 'b', id, 'withdraw');
    const store = new Store(new Parser().parse((await read('c', 'text/turtle')).text));
    expect(constraintsOf(store, `${BASE}/agreements/${id}#c-a`)['dateTime']).toContain(
      `lt ${new Date(http.clock.now).toISOString()}`,
    );
  });

  test('is an offer before all have signed', async () => {
    const http = await openTerritory();
    const dataset = await makeDataset(http, 'a');
    const token = await ownerOf(http, 'a');
    const drafted = await http.post(
      '/api/v1/agreements',
      termsOf(['a', 'b'], [clauseOf('a', dataset)]),
      token,
    );
    const answer = await http.get(`/api/v1/agreements/${String(drafted.json()['id'])}/odrl`, token);
    expect(answer.json()['@graph']).toMatchObject([{ '@type': ['odrl:Policy', 'odrl:Offer'] }, {}, {}, {}]);
  });
});
