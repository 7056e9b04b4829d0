import { GATEWAY_A, GATEWAY_B, type Answer } from '../fleet/http/http-under-test.js';
import type { Attack, AttackSettings } from './attack.js';
import { createRandom, type Random } from './random.js';
import { LIMITED, openTwins, type Hidden, type Twin } from './twin-fleets.js';

/** Whom rows are hidden from; the last one is a stranger. */
const CALLERS: Readonly<Record<Hidden, readonly [string, ...string[]]>> = {
  'other-organisations': ['a-owner', 'a-owner', 'a-viewer', 'a-technician', ''],
  'other-sites': [LIMITED, LIMITED, LIMITED, ''],
};
/** Behind another name, so that nobody passes for a caller on the machine. */
const HOST = { host: 'terroir.example' };

interface Asked {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

const idOf = ({ pick, below }: Random): string => {
  const number = String(1 + below(12)).padStart(19, '0');
  return pick([
    GATEWAY_A,
    GATEWAY_B,
    `v${number}`,
    `h${number}`,
    'gatewayzzzzzzzzzzzzz',
    'b',
    'a1',
    'h-0-1',
    'site-seen',
    'site-hidden',
    'hidden-place',
    'gatewayccccccccccccc',
    'ü',
  ]);
};

const queryOf = (random: Random): string => {
  const { pick, below } = random;
  const id = encodeURIComponent(idOf(random));
  const parts: string[] = [];
  const maybe = (part: string): void => void (below(3) === 0 && parts.push(part));
  maybe(`limit=${pick([1, 2, 3, 100, 0, -1])}`);
  maybe(`state=${pick(['new', 'connected', 'silent', 'lost'])}`);
  maybe(`point=${id}`);
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
    random.pick(['', '&format=csv']),
  '/api/v1/gateways': ({ pick }) => pick(['', '?state=silent', '?state=new', '?limit=1']),
  '/api/v1/audit': ({ pick }) =>
    pick(['?limit=2', '?format=csv', '?organisation=b', '?subject=person-b-operator', '?outcome=refused']),
};

const askedOf = (random: Random, urls: readonly [string, ...string[]]): Asked => {
  const { pick, below } = random;
  const id = idOf(random);
  if (below(8) === 0) {
    const name = { name: 'N', type: 'service' };
    return pick<Asked>([
      {
        method: 'POST',
        path: '/api/v1/organisations',
        body: { ...name, parentId: pick(['a', 'b', 'h-0-1', 'zz']) },
      },
      {
        method: 'POST',
        path: '/api/v1/enrolment-tokens',
        body: { organisationId: pick(['b', 'h-0-1', 'zz']) },
      },
      {
        method: 'POST',
        path: `/api/v1/gateways/${encodeURIComponent(id)}/recall`,
        body: { from: '2026-03-10T10:00:00Z', to: '2026-03-10T11:00:00Z' },
      },
      { method: 'POST', path: `/api/v1/gateways/${encodeURIComponent(id)}/approve` },
      { method: 'DELETE', path: `/api/v1/enrolment-tokens/${encodeURIComponent(id)}` },
    ]);
  }
  const url = pick(urls);
  const sensible = SENSIBLE[url];
  const query = sensible !== undefined && below(3) > 0 ? sensible(random) : queryOf(random);
  const path = url.replaceAll(/:\w+/g, encodeURIComponent(id)).replace('*', 'nowhere');
  return { method: pick(['GET', 'GET', 'GET', 'HEAD']), path: path + (below(4) === 0 ? '' : query) };
};

/** What must differ, because it is random or sealed, by its length alone. */
const masked = (text: string): string =>
  text
    // the signer's clock, and its certificates, which are longer in one fleet than in another
    .replaceAll(/"time":"[^"]*","jws":"[^"]*"/g, '"jws"')
    .replaceAll(
      /"(next|salt|contentHash|hash|root|token)":"([^"]*)"/g,
      (_, name: string, value: string) => `"${name}":<${value.length}>`,
    );

const shown = ({ path }: Asked, { status, headers, text }: Answer): string => {
  const { date: _date, 'content-length': length, ...kept } = headers;
  const size = path.includes('/audit/head') ? undefined : length;
  return JSON.stringify([status, size, kept, masked(text)]);
};

const cursorOf = ({ text }: Answer): string | undefined => /"next":"([^"]+)"/.exec(text)?.[1];

const ask = (twin: Twin, { method, path, body }: Asked, token: string | undefined): Promise<Answer> =>
  twin.ask(
    method,
    path,
    {
      ...HOST,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body === undefined ? undefined : JSON.stringify(body),
  );

const tokensOf = async (twin: Twin, callers: readonly string[]): Promise<Map<string, string>> => {
  const tokens = new Map<string, string>();
  for (const login of new Set(callers)) if (login !== '') tokens.set(login, await twin.login(login));
  return tokens;
};

/** Lets the same time pass for both, so that neither is slowed for asking so much. */
const PAUSE_MS = 200;

const runOn = async (what: Hidden, { folder, count, seed, progress }: AttackSettings) => {
  const callers = CALLERS[what];
  const twins = await openTwins(folder, what);
  const [one, other] = twins;
  const random = createRandom(seed);
  const faults: string[] = [];
  const statuses: Record<string, number> = {};
  const urls = one.server.routeActions
    .filter(({ method, action }) => method === 'GET' && action !== 'learn-methods')
    .map(({ url }) => url);
  const [first = '/', ...rest] = new Set(urls);
  const pending: { caller: string; asked: [Asked, Asked] }[] = [];
  try {
    const tokens = [await tokensOf(one, callers), await tokensOf(other, callers)] as const;
    for (let done = 0; done < count; done += 1) {
      for (const twin of twins) twin.clock.now += PAUSE_MS;
      const next = pending.pop();
      const caller = next === undefined ? random.pick(callers) : next.caller;
      const made = askedOf(random, [first, ...rest]);
      const [left, right] = next?.asked ?? [made, made];
      const answers = [
        await ask(one, left, tokens[0].get(caller)),
        await ask(other, right, tokens[1].get(caller)),
      ] as const;
      const { status } = answers[0];
      statuses[`answers of ${status}`] = (statuses[`answers of ${status}`] ?? 0) + 1;
      if (status >= 500 || shown(left, answers[0]) !== shown(right, answers[1])) {
        faults.push(
          `${caller || 'a stranger'}: ${left.method} ${left.path} is answered differently\n` +
            `  ${shown(left, answers[0]).slice(0, 600)}\n  ${shown(right, answers[1]).slice(0, 600)}`,
        );
      }
      const cursors = [cursorOf(answers[0]), cursorOf(answers[1])] as const;
      if (cursors[0] !== undefined && cursors[1] !== undefined) {
        const page = (asked: Asked, cursor: string): Asked => {
          const bare = asked.path.replace(/[?&]cursor=[^&]*/, '');
          return { ...asked, path: `${bare}${bare.includes('?') ? '&' : '?'}cursor=${cursor}` };
        };
        pending.push({ caller, asked: [page(left, cursors[0]), page(right, cursors[1])] });
      }
      if (done % 500 === 499) progress(done + 1, `${faults.length} answered differently`);
    }
  } finally {
    for (const twin of twins) await twin.close();
  }
  return { faults, figures: { requests: count, ...statuses } };
};

export const nonInterference: Attack = {
  tries: 'whether any answer changes with rows that its caller may not see',
  count: 5000,
  run: (settings) => runOn('other-organisations', settings),
};

export const limitedInterference: Attack = {
  tries: 'the same for a technician who is limited to one site, with rows of other sites',
  count: 5000,
  run: (settings) => runOn('other-sites', settings),
};
