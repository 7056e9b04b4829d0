import type { Action } from '../../../fleet/access/actions.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeRequest } from '../registry/certificate-requests.js';
import { GATEWAY_A, openHttp, PASSWORD, type Answer, type HttpUnderTest } from './http-under-test.js';
import { openTerritory, pointId } from './territory.js';

/**
 * Of the OpenAPI Initiative, Apache-2.0: the structure of a document of 3.1. Its one dynamic reference says where a
 * dialect's own schema may come in; here it is the plain one.
 */
const specification = JSON.parse(
  readFileSync(new URL('openapi-3.1.schema.json', import.meta.url), 'utf8').replaceAll(
    '"$dynamicRef": "#meta"',
    '"$ref": "#/$defs/schema"',
  ),
) as object;

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const documentOf = async (http: Pick<HttpUnderTest, 'get'>): Promise<Document> => {
  const answer = await http.get('/api/v1/openapi.json');
  expect(answer.headers['content-type']).toMatch('application/json');
  return answer.json() as unknown as Document;
};

const ajv = new Ajv2020({ strict: true, validateFormats: false, allErrors: true, allowUnionTypes: true });
// annotations of OpenAPI's own
ajv.addVocabulary(['example', 'discriminator', 'xml', 'externalDocs']);

const schemasIn = (node: unknown): object[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === 'schema' && typeof value === 'object' && value !== null ? [value] : schemasIn(value),
  );
};

/** Pages for people, and the answer to a wrong method. */
const UNLISTED = new Set<Action>(['read-console', 'read-documentation', 'learn-methods']);

describe('the OpenAPI document', () => {
  test('is one of OpenAPI 3.1, and each schema one of JSON Schema 2020-12', async () => {
    const document = await documentOf(await openHttp());
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(specification);
    validate(document);
    expect(validate.errors).toBeNull();
    const schemas = schemasIn(document);
    expect(schemas.length).toBeGreaterThan(30);
    for (const schema of schemas) expect(() => ajv.compile(schema)).not.toThrow();
  });

  test('has every route, each with a summary and the form of its refusals', async () => {
    const http = await openHttp();
    const { paths } = await documentOf(http);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    const registered = http.server.routeActions
      .filter(({ action, method }) => !UNLISTED.has(action) && method !== 'HEAD')
      .map(({ method, url }) => `${method.toLowerCase()} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(registered.length).toBeGreaterThan(20);
    expect(new Set(operations.map(({ name }) => name))).toEqual(new Set(registered));
    for (const { name, operation } of operations) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/^[A-Z].{5,}/)]);
      expect(operation.tags).toHaveLength(1);
      expect(Object.keys(operation.responses['4XX']?.content ?? {})).toEqual(['application/problem+json']);
    }
    const open = operations
      .filter(({ operation }) => operation.security?.length === 0)
      .map(({ name }) => name);
    expect(new Set(open)).toEqual(
      new Set([
        'get /api/v1/health',
        'get /api/v1/session',
        'post /api/v1/login',
        'post /api/v1/logout',
        'post /api/v1/login/code',
        'get /api/v1/sign-on',
        'post /api/v1/sign-on/{id}/start',
        'get /api/v1/sign-on/callback',
        'post /api/v1/invitations/look',
        'post /api/v1/invitations/accept',
        'post /api/v1/enrol',
        'post /api/v1/renew',
      ]),
    );
  });

  test('says what the answers are', async () => {
    const http = await openTerritory();
    const document = await documentOf(http);
    const point = await pointId(http, 'p1');
    const index = await pointId(http, 'index');
    const token = await http.login('org-owner');
    const period = 'from=2026-03-10&to=2026-03-12&limit=5';
    const { token: claim } = (
      await http.post('/api/v1/enrolment-tokens', { organisationId: 'b' }, token)
    ).json();
    const { csrPem } = await makeRequest();
    const answers: [method: 'get' | 'post', path: string, answer: Answer][] = [
      ['get', '/api/v1/health', await http.get('/api/v1/health')],
      ['get', '/api/v1/session', await http.get('/api/v1/session')],
      ['get', '/api/v1/session', await http.get('/api/v1/session', token)],
      ['post', '/api/v1/login', await http.post('/api/v1/login', { login: 'a-viewer', password: PASSWORD })],
      ['post', '/api/v1/login', await http.post('/api/v1/login', { login: 'a-viewer', password: 'wrong' })],
      ['post', '/api/v1/login', await http.post('/api/v1/login', {})],
      ['get', '/api/v1/gateways/{id}', await http.get(`/api/v1/gateways/${GATEWAY_A}`, token)],
      ['get', '/api/v1/gateways/{id}', await http.get('/api/v1/gateways/other', token)],
      ['get', '/api/v1/gateways/{id}/ledger', await http.get(`/api/v1/gateways/${GATEWAY_A}/ledger`, token)],
      ['get', '/api/v1/readings', await http.get(`/api/v1/readings?point=${point}&${period}`, token)],
      ['get', '/api/v1/readings', await http.get(`/api/v1/readings?point=${index}&${period}`, token)],
      [
        'get',
        '/api/v1/readings',
        await http.get(`/api/v1/readings?point=${point}&${period}&resolution=1d`, token),
      ],
      [
        'get',
        '/api/v1/charts',
        await http.get(`/api/v1/charts?points=${point},${index}&from=2026-03-10&to=2026-03-12`, token),
      ],
      [
        'post',
        '/api/v1/organisations',
        await http.post('/api/v1/organisations', { parentId: 'a', name: 'École', type: 'service' }, token),
      ],
      [
        'post',
        '/api/v1/enrolment-tokens',
        await http.post('/api/v1/enrolment-tokens', { organisationId: 'a', hours: 2, qr: true }, token),
      ],
      ['get', '/api/v1/enrolment-tokens', await http.get('/api/v1/enrolment-tokens', token)],
      ['get', '/api/v1/enrolment-claims', await http.get('/api/v1/enrolment-claims', token)],
      ['post', '/api/v1/renew', await http.post('/api/v1/renew', {})],
      ['post', '/api/v1/enrol', await http.post('/api/v1/enrol', { token: claim, csr: csrPem, name: 'N' })],
    ];
    for (const listing of [
      'organisations',
      'gateways',
      'devices',
      'locations',
      'points',
      'latest',
      'device-counts',
    ]) {
      answers.push(['get', `/api/v1/${listing}`, await http.get(`/api/v1/${listing}?limit=2`, token)]);
      answers.push(['get', `/api/v1/${listing}`, await http.get(`/api/v1/${listing}?limit=0`, token)]);
    }
    for (const [method, path, answer] of answers) {
      const declared = document.paths[path]?.[method]?.responses ?? {};
      const media = String(answer.headers['content-type']).split(';')[0] ?? '';
      const schema = (declared[answer.status] ?? declared['4XX'])?.content?.[media]?.schema;
      if (schema === undefined)
        throw new Error(`${method} ${path}: ${answer.status} ${media} is not described`);
      const validate = ajv.compile(closed(schema));
      validate(answer.json());
      expect([path, answer.status, validate.errors]).toEqual([path, answer.status, null]);
    }
  });
});

/** The schema, taking no key that it does not name. */
const closed = (node: object): object =>
  JSON.parse(JSON.stringify(node), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && 'type' in value
      ? { ...value, additionalProperties: false }
      : value,
  ) as object;
