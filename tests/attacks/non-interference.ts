import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../fleet/http/http-under-test.js';
import { askedOf, isRead, targetsOf, type Asked } from './asked.js';
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

/** What must differ, because it is random or sealed, by its length alone. */
const masked = (text: string): string =>
  text
    // the signer's clock, and its certificates, which are longer in one fleet than in another
    .replaceAll(/"time":"[^"]*","jws":"[^"]*"/g, '"jws"')
    .replaceAll(
      /"(next|salt|contentHash|hash|root|token|link)":"([^"]*)"/g,
      (_, name: string, value: string) => `"${name}":<${value.length}>`,
    );

const shown = ({ path }: Asked, { status, headers, text }: Answer): string => {
  const { date: _date, 'content-length': length, ...kept } = headers;
  const size = path.includes('/audit/head') ? undefined : length;
  return JSON.stringify([status, size, kept, masked(text)]);
};

/** A feed always has a following page: an empty one ends it here. */
const cursorOf = ({ text }: Answer): string | undefined =>
  text.includes('"items":[]') ? undefined : /"next":"([^"]+)"/.exec(text)?.[1];

const ask = (
  twin: Twin,
  { method, path, headers, body }: Asked,
  token: string | undefined,
): Promise<Answer> => {
  const who = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return twin.ask(method, path, { ...HOST, ...who, ...headers }, body);
};

const tokensOf = async (twin: Twin, callers: readonly string[]): Promise<Map<string, string>> => {
  const tokens = new Map<string, string>();
  for (const login of new Set(callers)) if (login !== '') tokens.set(login, await twin.login(login));
  return tokens;
};

/** Lets the same time pass for both, so that neither is slowed for asking so much. */
const PAUSE_MS = 200;
/** Then two new fleets are taken: what is asked changes them. */
const ROUND = 500;

interface Found {
  readonly faults: string[];
  readonly statuses: Record<string, number>;
}

type Pair = readonly [Asked, Asked];

const nextPage = (asked: Asked, cursor: string): Asked => {
  const bare = asked.path.replace(/[?&]cursor=[^&]*/, '');
  return { ...asked, path: `${bare}${bare.includes('?') ? '&' : '?'}cursor=${cursor}` };
};

/** Asks both; gives what to ask for the page that follows, where there is one. */
const compare = async (
  twins: readonly [Twin, Twin],
  tokens: readonly [string | undefined, string | undefined],
  caller: string,
  [left, right]: Pair,
  { faults, statuses }: Found,
): Promise<Pair | undefined> => {
  const answers = [await ask(twins[0], left, tokens[0]), await ask(twins[1], right, tokens[1])] as const;
  const { status } = answers[0];
  const kind = `${isRead(left.method) ? 'reads' : 'changes'} answered ${status}`;
  statuses[kind] = (statuses[kind] ?? 0) + 1;
  if (status >= 500 || shown(left, answers[0]) !== shown(right, answers[1])) {
    faults.push(
      `${caller || 'a stranger'}: ${left.method} ${left.path} ${left.body ?? ''} is answered differently\n` +
        `  ${shown(left, answers[0]).slice(0, 600)}\n  ${shown(right, answers[1]).slice(0, 600)}`,
    );
  }
  const [one, other] = [cursorOf(answers[0]), cursorOf(answers[1])];
  return one === undefined || other === undefined ? undefined : [nextPage(left, one), nextPage(right, other)];
};

const runRound = async (
  what: Hidden,
  folder: string,
  random: Random,
  count: number,
  found: Found,
): Promise<void> => {
  const callers = CALLERS[what];
  const twins = await openTwins(folder, what);
  const pending: { caller: string; asked: Pair }[] = [];
  try {
    const targets = await targetsOf(twins[0]);
    const tokens = [await tokensOf(twins[0], callers), await tokensOf(twins[1], callers)] as const;
    for (let done = 0; done < count; done += 1) {
      for (const twin of twins) twin.clock.now += PAUSE_MS;
      const made = askedOf(random, targets);
      const { caller, asked } = pending.pop() ?? { caller: random.pick(callers), asked: [made, made] };
      const bearers = [tokens[0].get(caller), tokens[1].get(caller)] as const;
      const page = await compare(twins, bearers, caller, asked, found);
      if (page !== undefined) pending.push({ caller, asked: page });
    }
  } finally {
    for (const twin of twins) await twin.close();
  }
};

const runOn = async (what: Hidden, { folder, count, seed, progress }: AttackSettings) => {
  const random = createRandom(seed);
  const found: Found = { faults: [], statuses: {} };
  for (let done = 0; done < count; done += ROUND) {
    const round = join(folder, String(done));
    mkdirSync(round);
    await runRound(what, round, random, Math.min(ROUND, count - done), found);
    rmSync(round, { recursive: true });
    progress(Math.min(count, done + ROUND), `${found.faults.length} answered differently`);
  }
  return { faults: found.faults, figures: { requests: count, ...found.statuses } };
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
