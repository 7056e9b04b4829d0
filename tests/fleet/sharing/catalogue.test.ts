import jsonld from 'jsonld';
import { Parser, Writer } from 'n3';
import { describe, expect, test } from 'vitest';
import { frequencyOf } from '../../../fleet/sharing/linked-data/vocabulary.js';
import type { HttpUnderTest } from '../http/http-under-test.js';
import { openTerritory } from '../http/territory.js';
import { addOrganisation, agree, clauseOf, makeDataset, ownerOf, termsOf } from './agreement-under-test.js';
import { findingsOf } from './dcat-ap/validate.js';

const DESCRIBED = {
  audience: 'open',
  title: { fr: 'Places libres', en: 'Free spaces' },
  description: { fr: 'Places libres des parcs de stationnement.', en: 'Free spaces of car parks.' },
  theme: 'parking',
  keywords: { fr: ['stationnement', 'mobilité'], en: ['parking'] },
  periodicity: 'PT15M',
  coverage: { place: { fr: 'Centre-ville' }, from: '2026-01-01', to: '2026-12-31T23:00:00Z' },
  licence: { key: 'licence-ouverte-2.0' },
  contact: { name: 'Service des données', email: 'donnees@aubiere.example' },
  quality: { fr: 'Un capteur sur deux est étalonné chaque année.' },
  schema: 'https://schema.example/parking v1"><x>',
};

const ask = (http: HttpUnderTest, accept: string, path = '/api/v1/catalogue', token?: string) =>
  http.ask('GET', path, {
    accept,
    host: 'terroir.example',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });

interface Graph {
  readonly '@graph': readonly (Record<string, unknown> & { readonly '@id': string })[];
}

const graphOf = async (http: HttpUnderTest, path?: string, token?: string) => {
  const answer = await ask(http, 'application/ld+json', path, token);
  expect(answer.status).toBe(200);
  return (answer.json() as unknown as Graph)['@graph'];
};

const canonical = async (quads: object | string): Promise<string> =>
  // its types know of documents alone
  jsonld.canonize(quads as object, { algorithm: 'URDNA2015', inputFormat: 'application/n-quads' });

const fetchNothing = async (url: string): Promise<never> => Promise.reject(new Error(url));

const openCatalogue = async () => {
  const http = await openTerritory();
  const ids = [
    await makeDataset(http, 'a', DESCRIBED),
    await makeDataset(http, 'a', { audience: 'open', licence: { key: 'odbl-1.0' } }),
  ];
  return { http, ids: ids.toSorted() };
};

describe('the catalogue', () => {
  test('passes the official shapes of DCAT-AP 3, and says the same as Turtle and as JSON-LD', async () => {
    const { http } = await openCatalogue();
    const answer = await ask(http, 'text/turtle');
    expect(answer.headers['content-type']).toBe('text/turtle; charset=utf-8');
    expect(await findingsOf(answer.text)).toEqual([]);
    // the shapes see what is wrong
    expect(await findingsOf(answer.text.replaceAll('dct:title', 'dct:alternative'))).not.toEqual([]);
    expect(await findingsOf(answer.text.replaceAll('a dct:Frequency', 'a dct:Location'))).not.toEqual([]);
    // the same as JSON-LD, which needs no other context
    const turtle = await ask(http, 'text/turtle;q=0.9, text/html');
    const linked = await ask(http, 'application/ld+json');
    const nQuads = new Writer({ format: 'application/n-quads' });
    const fromTurtle = await canonical(nQuads.quadsToString(new Parser().parse(turtle.text)));
    const options = { format: 'application/n-quads', documentLoader: fetchNothing } as const;
    expect(await canonical(await jsonld.toRDF(linked.json(), options))).toBe(fromTurtle);
    expect(fromTurtle.split('\n').length).toBeGreaterThan(80);
    expect((await ask(http, 'image/png')).status).toBe(406);
    expect((await ask(http, '*/*')).headers['content-type']).toBe('application/ld+json; charset=utf-8');
  });

  test('describes datasets by the vocabularies that portals harvest', async () => {
    const { http, ids } = await openCatalogue();
    const dataset = (await graphOf(http)).find((node) => 'dcat:theme' in node);
    const eu = 'http://publications.europa.eu/resource/authority';
    expect(dataset).toMatchObject({
      'dct:title': [
        { '@value': 'Places libres', '@language': 'fr' },
        { '@value': 'Free spaces', '@language': 'en' },
      ],
      'dct:publisher': { 'foaf:name': 'Aubière' },
      'dcat:theme': { '@id': `${eu}/data-theme/TRAN` },
      'dct:accrualPeriodicity': { '@id': `${eu}/frequency/15MIN` },
      'dct:accessRights': { '@id': `${eu}/access-right/PUBLIC` },
      'dct:temporal': {
        'dcat:startDate': { '@value': '2026-01-01', '@type': 'xsd:date' },
        'dcat:endDate': { '@value': '2026-12-31T23:00:00.000Z', '@type': 'xsd:dateTime' },
      },
      'dcat:contactPoint': { 'vcard:hasEmail': { '@id': 'mailto:donnees@aubiere.example' } },
      'dct:conformsTo': { '@id': 'https://schema.example/parking%20v1%22%3E%3Cx%3E' },
      'dcat:distribution': [
        { 'dct:license': { '@id': 'https://spdx.org/licenses/etalab-2.0' } },
        { 'dcat:accessURL': { '@id': expect.stringMatching(/^http:\/\/terroir\.example\/.*\/latest$/) } },
      ],
    });
    // and leads to distributions that anybody can read
    const datasets = (await graphOf(http)).filter((node) => node['@type'] === 'dcat:Dataset');
    expect(datasets.map((node) => node['dct:identifier'])).toEqual(ids);
    for (const { 'dcat:distribution': distributions } of datasets) {
      for (const { 'dcat:accessURL': address } of distributions as {
        'dcat:accessURL': { '@id': string };
      }[]) {
        const { pathname } = new URL(address['@id']);
        expect((await http.ask('GET', pathname, { host: 'terroir.example' })).status).toBe(200);
      }
    }
  });

  test('is read page by page, each dataset once', async () => {
    const { http, ids } = await openCatalogue();
    const found: unknown[] = [];
    const lengths = new Set<number>();
    for (let path: string | undefined = '/api/v1/catalogue?limit=1'; path !== undefined;) {
      const [catalogue, ...datasets] = await graphOf(http, path);
      expect(catalogue?.['hydra:totalItems']).toBe(2);
      found.push(...datasets.map((node) => node['dct:identifier']));
      const view = catalogue?.['hydra:view'] as { 'hydra:next'?: { '@id': string } };
      const next = view['hydra:next']?.['@id'];
      path = next === undefined ? undefined : next.replace('http://terroir.example', '');
      if (path !== undefined) lengths.add(path.length);
    }
    expect(found).toEqual(ids);
    expect(lengths.size).toBe(1);
  });

  test('holds what its reader may know of', async () => {
    const { http, ids } = await openCatalogue();
    addOrganisation(http, 'd');
    const shared = await makeDataset(http, 'a');
    await agree(http, termsOf(['a', 'b'], [clauseOf('a', shared)]));
    const hidden = await makeDataset(http, 'a', { audience: 'private' });
    const seenBy = async (token?: string) =>
      new Set(
        (await graphOf(http, '/api/v1/catalogue', token)).flatMap((node) => node['dct:identifier'] ?? []),
      );
    expect(await seenBy()).toEqual(new Set(ids));
    expect(await seenBy(await ownerOf(http, 'd'))).toEqual(new Set(ids));
    expect(await seenBy(await ownerOf(http, 'b'))).toEqual(new Set([...ids, shared]));
    expect(await seenBy(await ownerOf(http, 'a'))).toEqual(new Set([...ids, shared, hidden]));
  });
});

test.each([
  ['PT10S', 'CONT'],
  ['PT1M', '1MIN'],
  ['PT20M', '30MIN'],
  ['P1D', 'DAILY'],
  ['P1M', 'MONTHLY'],
  ['P1Y', 'ANNUAL'],
  ['irregular', 'IRREG'],
  ['often', 'OTHER'],
])('%s comes to the frequency %s', (periodicity, code) => {
  expect(frequencyOf(periodicity)).toBe(`http://publications.europa.eu/resource/authority/frequency/${code}`);
});
