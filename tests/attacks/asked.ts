import { GATEWAY_A, GATEWAY_B, type HttpUnderTest } from '../fleet/http/http-under-test.js';
import type { Random } from './random.js';

/** One request, as both fleets are asked it. */
export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Ids of things that the caller has, that others have in both fleets or in one alone, and that nobody has. */
const IDS = {
  gateways: [
    GATEWAY_A,
    GATEWAY_B,
    'gatewayccccccccccccc',
    'gatewayhhhhhhhhhhhhh',
    'heldhhhhhhhhhhhhhhhh',
    'gatewayzzzzzzzzzzzzz',
  ],
  organisations: ['a', 'a', 'a1', 'b', 'h-0-1', 'zz'],
  sites: ['site-seen', 'site-hidden', 'site-nowhere'],
  locations: ['own-place', 'hidden-place', 'no-place'],
  people: ['person-a-viewer', 'person-b-operator', 'person-hidden', 'person-nobody'],
  invitations: ['invitation-hidden', 'invitation-none'],
  keys: ['key-hidden', 'key-none'],
} as const;
type Kind = keyof typeof IDS;
const KINDS = Object.keys(IDS) as readonly string[];
const isKind = (text: string): text is Kind => KINDS.includes(text);

/** What a field of a body names. */
const NAMES: Readonly<Record<string, Kind>> = {
  organisationId: 'organisations',
  parentId: 'organisations',
  holderId: 'organisations',
  forId: 'organisations',
  organisation: 'organisations',
  successor: 'organisations',
  siteId: 'sites',
  sites: 'sites',
  gateways: 'gateways',
  locations: 'locations',
  locationId: 'locations',
};

/** An id that the fleet made, as often as one of the kind. */
const idOf = ({ pick, below }: Random, kind?: Kind): string => {
  const made = `${pick(['v', 'h'])}${String(1 + below(12)).padStart(19, '0')}`;
  const [first, ...rest]: readonly string[] = kind === undefined ? Object.values(IDS).flat() : IDS[kind];
  return below(3) === 0 ? made : pick([first ?? made, ...rest, ...(below(20) === 0 ? ['ü'] : [])]);
};

const queryOf = (random: Random): string => {
  const { pick, below } = random;
  const id = encodeURIComponent(idOf(random));
  const parts: string[] = [];
  const maybe = (part: string): void => void (below(3) === 0 && parts.push(part));
  maybe(`limit=${pick([1, 2, 3, 100, 0, -1])}`);
  maybe(`state=${pick(['new', 'connected', 'silent', 'lost'])}`);
  maybe(`point=${id}`);
  maybe(`record=${id}`);
  maybe(`organisation=${pick(['a', 'b', 'h-0-1', 'zz'])}`);
  maybe(`subject=${pick(['person-a-owner', 'person-b-operator', 'nobody'])}`);
  maybe(`resolution=${pick(['raw', '1m', '15m', '1h', '1d'])}`);
  maybe(`format=${pick(['csv', 'json', 'proof'])}`);
  maybe(`from=${pick(['2026-03-10', '2026-03-10T10:00:00Z', 'never'])}`);
  maybe('outcome=refused');
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
};

/** Queries that a route takes, so that answers are more than complaints about the query. */
const SENSIBLE: Readonly<Record<string, (random: Random) => string>> = {
  '/api/v1/readings': (random) =>
    `?point=${encodeURIComponent(idOf(random))}&from=2026-03-10&to=2026-03-12` +
    `&resolution=${random.pick(['raw', '1m', '1h', '1d'])}&limit=${random.pick([2, 50, 1000])}` +
    random.pick(['', '&format=csv']) +
    random.pick(['', '&purpose=operations', '&purpose=operations', '&purpose=research']),
  '/api/v1/points': ({ pick }) => pick(['?purpose=operations', '?purpose=operations&limit=1', '?limit=1']),
  '/api/v1/latest': ({ pick }) => pick(['?purpose=operations', '?purpose=operations&limit=2', '']),
  '/api/v1/locations': ({ pick }) => pick(['?purpose=operations', '']),
  '/api/v1/gateways': ({ pick }) => pick(['', '?state=silent', '?state=new', '?limit=1']),
  '/api/v1/people': ({ pick }) => pick(['', '?limit=1']),
  '/api/v1/acts': (random) => random.pick(['', '?limit=1', `?record=${encodeURIComponent(idOf(random))}`]),
  '/api/v1/charts': (random) =>
    `?points=${encodeURIComponent(idOf(random))}${random.pick(['', `,${encodeURIComponent(idOf(random))}`])}` +
    `&from=2026-03-10&to=2026-03-12&width=${random.pick([10, 4000])}${random.pick(['', '&purpose=operations'])}`,
  '/api/v1/map': ({ pick }) =>
    `?property=${pick(['flow', 'volume'])}${pick(['&bbox=-180,-90,180,90', '&near=3,45', '&zone=a', '&zone=b'])}` +
    pick(['', '&limit=1', '&purpose=operations']),
  '/api/v1/aggregates': ({ pick }) =>
    `?property=${pick(['flow', 'volume'])}&from=2026-03-10&to=2026-03-12&resolution=${pick(['15m', '1h', '1d'])}` +
    pick(['', '&zone=a', '&zone=b', '&bbox=-180,-90,180,90']) +
    pick(['', '&purpose=operations']),
  '/api/v1/feed': ({ pick }) =>
    pick(['?purpose=operations', '?resolution=15m', '?resolution=15m&purpose=operations', '?limit=10', '']),
  '/api/v1/device-counts': ({ pick }) => pick(['', '?limit=1', '?purpose=operations']),
  '/api/v1/audit': ({ pick }) =>
    pick(['?limit=2', '?format=csv', '?organisation=b', '?subject=person-b-operator', '?outcome=refused']),
};

/** What others may give something of. */
const SHARED = [
  '/api/v1/latest',
  '/api/v1/points',
  '/api/v1/readings',
  '/api/v1/locations',
  '/api/v1/charts',
  '/api/v1/map',
  '/api/v1/aggregates',
  '/api/v1/feed',
  '/api/v1/device-counts',
] as const;

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** Names and numbers that two organisations may both have. */
const TEXTS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  name: ['N', 'Caché 1', 'Aubière'],
  key: ['hidden', 'inlet', 'mairie', 'water'],
  login: ['a-new', 'another'],
  prm: ['30000000000007', '12345678901234'],
  pce: ['01234567890123'],
  code: ['63014', '63113'],
  siret: ['73282932000074'],
  timeZone: ['Europe/Paris', 'Europe/Lutece'],
  from: ['2026-03-10T10:00:00Z', '2026-03-10'],
  to: ['2026-03-10T11:00:00Z', '2026-03-09'],
  at: ['2026-03-10T10:00:00Z'],
  effective: ['2026-03-10T10:00:00Z'],
  reason: ['why'],
  serial: ['S-mairie', 'S-1'],
  purpose: ['operations'],
};

/** A value that a schema takes, most of the time. */
const valueOf = (random: Random, schema: Schema, name: string): unknown => {
  const { pick, below } = random;
  const [choice, ...choices] = schema.anyOf ?? [];
  if (choice !== undefined) return valueOf(random, pick([choice, ...choices]), name);
  const [constant, ...constants] = schema.enum ?? ('const' in schema ? [schema.const] : []);
  if (constant !== undefined) return pick([constant, ...constants]);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return objectOf(random, schema);
    case 'array':
      return Array.from({ length: 1 + below(2) }, () => valueOf(random, schema.items ?? {}, name));
    case 'integer':
    case 'number':
      return pick([1, 2, 24]);
    case 'boolean':
      return below(2) === 0;
    case 'null':
      return null;
    default:
      return TEXTS[name] === undefined ? idOf(random, NAMES[name]) : pick(TEXTS[name]);
  }
};

const objectOf = (random: Random, { properties = {}, required = [] }: Schema): object =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      // the picture of a link is as long as the fleet's fingerprint makes it
      name !== 'qr' && (required.includes(name) || random.below(3) === 0)
        ? [[name, valueOf(random, schema, name)]]
        : [],
    ),
  );

/** Their answers say nothing of others, and they would end what the attack asks with. */
const OWN: ReadonlySet<string> = new Set([
  'log-in',
  'log-out',
  'change-own-account',
  'accept-invitation',
  'enrol-gateway',
  'renew-certificate',
]);

/** A route, with what its body takes. */
export interface Target {
  readonly method: string;
  readonly url: string;
  readonly body?: Schema;
  /** It takes `?dryRun=true`. */
  readonly planned: boolean;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Targets {
  readonly read: readonly [Target, ...Target[]];
  readonly change: readonly [Target, ...Target[]];
}

const some = (targets: readonly Target[]): readonly [Target, ...Target[]] => {
  const [first, ...rest] = targets;
  if (first === undefined) throw new Error('the router has no such routes');
  return [first, ...rest];
};

export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Every route of a fleet, as its router and its documentation say. */
export const targetsOf = async ({ server }: Pick<HttpUnderTest, 'server'>): Promise<Targets> => {
  await server.ready();
  const { paths } = JSON.parse(JSON.stringify(server.swagger())) as Document;
  const known = server.routeActions.filter(({ action }) => action !== 'learn-methods');
  const targets = known.map(({ method, url, action }) => {
    const path = url.replaceAll(/:(\w+)/g, '{$1}');
    const operation = paths[path]?.[method.toLowerCase()];
    const schema = operation?.requestBody?.content['application/json']?.schema;
    const planned = operation?.parameters?.some(({ name }) => name === 'dryRun') === true;
    return { method, url, action, planned, ...(schema === undefined ? {} : { body: schema }) };
  });
  const changing = targets.filter(({ method, action }) => !isRead(method) && !OWN.has(action));
  return { read: some(targets.filter(({ method }) => method === 'GET')), change: some(changing) };
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const methodOf = (text: string): Asked['method'] => METHODS.find((method) => method === text) ?? 'GET';

/** The address with an id of what stands before it, or of anything. */
const pathOf = (random: Random, url: string): string =>
  url
    .replaceAll(/(\w+)\/:\w+/g, (_, before: string) => {
      const kind = isKind(before) && random.below(6) > 0 ? before : undefined;
      return `${before}/${encodeURIComponent(idOf(random, kind))}`;
    })
    .replace('*', 'nowhere');

const FILES = [
  'record,name,organisation\nsite,Nouveau,a\n',
  'record,name,organisation\nsite,Nouveau,b\n',
  'record,key,name,prm,organisation\nlocation,hidden,Lieu,30000000000007,a\n',
] as const;

const changeOf = (random: Random, { method, url, body, planned }: Target): Asked => {
  const { pick, below } = random;
  const path = pathOf(random, url) + (planned && below(2) === 0 ? '?dryRun=true' : '');
  const match = pick<Record<string, string>>([
    { 'if-match': '*' },
    { 'if-match': '*' },
    { 'if-match': '"x"' },
    {},
  ]);
  if (url === '/api/v1/imports') {
    return { method: 'POST', path, headers: { 'content-type': 'text/csv' }, body: pick(FILES) };
  }
  if (body === undefined || below(20) === 0) return { method: methodOf(method), path, headers: match };
  return {
    method: methodOf(method),
    path,
    headers: { ...match, 'content-type': 'application/json' },
    body: JSON.stringify(valueOf(random, body, '')),
  };
};

/** Addresses that are none, and methods that an address does not take. */
const oddOf = (random: Random, urls: Targets): Asked => ({
  method: random.pick(METHODS),
  path: random.pick([
    pathOf(random, random.pick(urls.read).url),
    pathOf(random, random.pick(urls.change).url),
    `/api/v1/nowhere/${encodeURIComponent(idOf(random))}`,
    `/${encodeURIComponent(idOf(random))}`,
  ]),
});

export const askedOf = (random: Random, targets: Targets): Asked => {
  const { pick, below } = random;
  const kind = below(10);
  if (kind === 0) return oddOf(random, targets);
  if (kind <= 3) return changeOf(random, pick(targets.change));
  const url = below(4) === 0 ? pick(SHARED) : pick(targets.read).url;
  const sensible = SENSIBLE[url];
  const query = sensible !== undefined && below(3) > 0 ? sensible(random) : queryOf(random);
  return {
    method: pick(['GET', 'GET', 'GET', 'HEAD']),
    path: pathOf(random, url) + (below(4) === 0 ? '' : query),
  };
};
