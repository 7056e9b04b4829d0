import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  activeParties,
  after,
  agreementOf,
  openVersion,
  statusOf,
  versionInForce,
  type Agreement,
  type AgreementEvent,
} from '../../../fleet/sharing/agreement.js';
import { step, type Wanted } from '../../../fleet/sharing/agreement-steps.js';
import { flowsFor, type Policy } from '../../../fleet/sharing/flows.js';
import type { Dataset } from '../../../fleet/sharing/dataset.js';
import type { Terms } from '../../../fleet/sharing/terms.js';
import { attempts, play, PURPOSES } from './random-worlds.js';

const SIGNER = { id: 'p', name: 'P', role: 'owner' };
const PARTIES = ['a', 'b', 'c'];
const OVER = new Set(['withdrawn', 'ended']);

const datasetOf = (owner: string): Dataset => ({
  id: `d-${owner}`,
  organisationId: owner,
  revision: 1,
  content: { selection: {}, audience: 'agreement', title: { fr: 'D' }, licence: { key: 'restricted' } },
});

const termsOf = (parties: readonly string[], more: Partial<Terms> = {}): Terms => ({
  title: { fr: 'Partage' },
  parties: parties.map((organisationId) => ({ organisationId, name: organisationId })),
  clauses: parties.map((giver) => ({
    key: `c-${giver}`,
    giver,
    dataset: `d-${giver}`,
    receivers: 'parties',
    purposes: ['operations'],
  })),
  from: 0,
  to: null,
  accession: 'closed',
  ...more,
});

const policyOf = (agreement: Agreement, datasets: readonly Dataset[]): Policy => ({
  agreements: [agreement],
  datasets: new Map(datasets.map((dataset) => [dataset.id, dataset])),
  themes: new Map(),
  version: 1,
});

const DATASETS = PARTIES.map(datasetOf);

/** Who gives to whom now. */
const givenIn = (agreement: Agreement, now: number, datasets = DATASETS): Set<string> =>
  new Set(
    [...PARTIES, 'd'].flatMap((reader) =>
      PURPOSES.flatMap((purpose) =>
        flowsFor(policyOf(agreement, datasets), { organisationId: reader, purpose, now }).map(
          ({ giver }) => `${giver}>${reader}`,
        ),
      ),
    ),
  );

/** The state after each event. */
const statesOf = (events: readonly AgreementEvent[]) => {
  let agreement: Agreement | undefined;
  return events.map((event) => {
    const before = agreement;
    agreement = after(before, 'agreement', event);
    return { event, before, now: agreement };
  });
};

/** Organisations that are parties of what all signed, and have not left since their last signature. */
const boundBy = (events: readonly AgreementEvent[], parties: readonly string[]): Set<string> => {
  const bound = new Set<string>();
  for (const { type, organisationId } of events) {
    if (type === 'signed') bound.add(organisationId);
    if (type === 'withdrew') bound.delete(organisationId);
  }
  return new Set(parties.filter((party) => bound.has(party)));
};

/** The giver of any clause has each dataset that the clause may name. */
const generous = (agreement: Agreement): readonly Dataset[] =>
  (versionInForce(agreement)?.terms.clauses ?? []).map((clause) => ({
    ...datasetOf(clause.giver),
    id: clause.dataset,
  }));

describe('whatever is tried', () => {
  test('nothing is given but by who signed and has not left, to who signed and has not left', () => {
    const reached = { given: 0, left: 0, waiting: 0 };
    fc.assert(
      fc.property(attempts, (tried) => {
        const { events } = play(tried);
        for (const [index, { now, event }] of statesOf(events).entries()) {
          const inForce = versionInForce(now);
          const parties = (inForce?.terms.parties ?? []).map(({ organisationId }) => organisationId);
          const bound = boundBy(events.slice(0, index + 1), parties);
          const at = Math.max(event.at, inForce?.terms.from ?? 0);
          const given = givenIn(now, at, [...generous(now)]);
          if (given.size > 0) reached.given += 1;
          for (const pair of given) {
            const [giver = '', reader = ''] = pair.split('>');
            expect([pair, bound.has(giver), bound.has(reader)]).toEqual([pair, true, true]);
          }
          if (event.type === 'withdrew') {
            reached.left += 1;
            const left = event.organisationId;
            expect([...given].filter((pair) => pair.split('>').includes(left))).toEqual([]);
          }
          if (inForce !== undefined && openVersion(now) !== undefined) reached.waiting += 1;
        }
      }),
      { numRuns: 400 },
    );
    for (const count of Object.values(reached)) expect(count).toBeGreaterThan(20);
  });

  test('a version is in force once each of its parties, and each that was bound, has signed that version', () => {
    fc.assert(
      fc.property(attempts, (tried) => {
        for (const { before, now } of statesOf(play(tried).events)) {
          for (const { number, sealedAt, terms, signers, signatures } of now.versions) {
            const signed = new Set(signatures.map(({ organisationId }) => organisationId));
            expect(signatures).toHaveLength(signed.size);
            if (sealedAt === null) continue;
            expect(signers.every((id) => signed.has(id))).toBe(true);
            const alone = now.versions[number - 2]?.terms.accession === 'open' && signers.length === 1;
            if (!alone) {
              expect(signers).toEqual(expect.arrayContaining(terms.parties.map((one) => one.organisationId)));
            }
          }
          const fresh = versionInForce(now);
          if (before !== undefined && fresh !== versionInForce(before) && fresh !== undefined) {
            const was = activeParties(before).map(({ organisationId }) => organisationId);
            if (fresh.signers.length > 1) expect(fresh.signers).toEqual(expect.arrayContaining(was));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  test('what waits changes nothing of what is in force, and what is over stays over', () => {
    fc.assert(
      fc.property(attempts, (tried) => {
        const states = statesOf(play(tried).events);
        for (const { event, before, now } of states) {
          if (before === undefined) continue;
          if (OVER.has(before.phase)) expect(now.phase).toBe(before.phase);
          if (['amended', 'joined', 'recalled', 'invited'].includes(event.type)) {
            expect(versionInForce(now)).toEqual(versionInForce(before));
            expect(activeParties(now)).toEqual(activeParties(before));
          }
          if (now.phase === 'sealed') expect(activeParties(now).length).toBeGreaterThan(1);
          if (OVER.has(now.phase)) expect(givenIn(now, event.at)).toEqual(new Set());
        }
      }),
      { numRuns: 400 },
    );
  });

  test('the same events make the same agreement, folded at once or one by one, also from what is stored', () => {
    fc.assert(
      fc.property(attempts, (tried) => {
        const { agreement, events } = play(tried);
        const stored = JSON.parse(JSON.stringify(events)) as AgreementEvent[];
        expect(agreementOf('agreement', stored)).toEqual(agreement);
        expect(statesOf(events).at(-1)?.now).toEqual(agreement);
        expect(agreement?.length ?? 0).toBe(events.length);
      }),
      { numRuns: 200 },
    );
  });
});

/** Steps of an agreement, each of an organisation; `refused` for what is not permitted. */
const journey = () => {
  let agreement: Agreement | undefined;
  let at = 0;
  const act = (organisationId: string, wanted: Wanted): void => {
    at += 1;
    agreement = after(agreement, 'g', step(agreement, wanted, { at, by: 'p', organisationId }));
  };
  const now = (): Agreement => {
    if (agreement === undefined) throw new Error('nothing was drafted');
    return agreement;
  };
  const sign = (organisationId: string, version: number): void =>
    act(organisationId, { type: 'signed', version, signer: SIGNER });
  const status = (): string => statusOf(now(), at);
  return { act, sign, now, status, given: () => [...givenIn(now(), at)].toSorted() };
};

const agreed = (parties = PARTIES, more: Partial<Terms> = {}) => {
  const made = journey();
  made.act('a', { type: 'drafted', terms: termsOf(parties, more) });
  made.act('a', { type: 'proposed' });
  for (const party of parties) made.sign(party, 1);
  return made;
};

describe('an agreement', () => {
  test('is drafted again, by its drafter alone, until it is proposed', () => {
    const { act, now, status } = journey();
    act('a', { type: 'drafted', terms: termsOf(PARTIES) });
    act('a', { type: 'drafted', terms: termsOf(['a', 'b']) });
    expect(now().versions).toHaveLength(1);
    expect(now().versions[0]?.terms.parties).toHaveLength(2);
    expect(() => {
      act('b', { type: 'drafted', terms: termsOf(PARTIES) });
    }).toThrow('another organisation’s draft');
    expect(() => {
      act('a', { type: 'drafted', terms: termsOf(['b', 'c']) });
    }).toThrow('whoever drafts it');
    act('a', { type: 'proposed' });
    expect(status()).toBe('proposed');
    expect(() => {
      act('a', { type: 'drafted', terms: termsOf(PARTIES) });
    }).toThrow('no draft any more');
  });

  test('that is recalled before all signed comes to nothing; an amendment leaves what is in force', () => {
    const first = journey();
    first.act('a', { type: 'drafted', terms: termsOf(['a', 'b']) });
    first.act('a', { type: 'proposed' });
    expect(() => {
      first.sign('a', 2);
    }).toThrow('another version');
    first.sign('a', 1);
    expect(() => {
      first.act('b', { type: 'recalled' });
    }).toThrow('Whoever proposed');
    first.act('a', { type: 'recalled' });
    expect(first.status()).toBe('withdrawn');
    expect(() => {
      first.sign('b', 1);
    }).toThrow('No version waits');

    const { act, sign, status, now, given } = agreed(['a', 'b']);
    act('b', { type: 'amended', terms: termsOf(['a', 'b'], { to: 1_000_000 }) });
    sign('b', 2);
    act('b', { type: 'recalled' });
    expect([status(), versionInForce(now())?.number, openVersion(now())]).toEqual(['in-force', 1, undefined]);
    expect(given()).toEqual(['a>b', 'b>a']);
    act('a', { type: 'amended', terms: termsOf(['a', 'b'], { title: { fr: 'Encore' } }) });
    sign('a', 3);
    expect(versionInForce(now())?.number).toBe(1);
    sign('b', 3);
    expect(versionInForce(now())?.number).toBe(3);
  });

  test('of three goes on among two when one leaves, loses what waited for them, and ends with one', () => {
    const { act, sign, status, now, given } = agreed();
    act('a', { type: 'amended', terms: termsOf(PARTIES, { title: { fr: 'Autre' } }) });
    sign('a', 2);
    act('c', { type: 'withdrew', reason: null });
    expect(openVersion(now())).toBeUndefined();
    expect(given()).toEqual(['a>b', 'b>a']);
    expect(() => {
      sign('b', 2);
    }).toThrow('No version waits');
    expect(() => {
      act('c', { type: 'withdrew', reason: null });
    }).toThrow('no party');
    act('b', { type: 'withdrew', reason: null });
    expect([status(), given()]).toEqual(['withdrawn', []]);
  });

  test('ends for all when all who are bound agree to it; who left is not asked', () => {
    const { act, status, given } = agreed();
    act('c', { type: 'withdrew', reason: null });
    act('a', { type: 'ended' });
    expect([status(), given()]).toEqual(['in-force', ['a>b', 'b>a']]);
    expect(() => {
      act('a', { type: 'ended' });
    }).toThrow('already');
    expect(() => {
      act('c', { type: 'ended' });
    }).toThrow('bound');
    act('b', { type: 'ended' });
    expect([status(), given()]).toEqual(['ended', []]);
  });

  test('takes back who left once they and all others sign again; with open accession by who joins alone', () => {
    const { act, sign, given } = agreed();
    act('c', { type: 'withdrew', reason: null });
    act('a', { type: 'amended', terms: termsOf(PARTIES) });
    for (const party of ['c', 'a']) sign(party, 2);
    expect(given()).toEqual(['a>b', 'b>a']);
    sign('b', 2);
    expect(given()).toHaveLength(6);

    const open = agreed(['a', 'b'], { accession: 'open' });
    open.act('a', { type: 'invited', party: { organisationId: 'c', name: 'C' } });
    open.act('c', { type: 'join', clauses: [] });
    expect(open.given()).toEqual(['a>b', 'b>a']);
    open.sign('c', 2);
    expect(open.given()).toEqual(['a>b', 'a>c', 'b>a', 'b>c']);
  });

  test('with closed accession takes in who is invited when all have signed', () => {
    const { act, sign, given } = agreed(['a', 'b']);
    act('b', { type: 'invited', party: { organisationId: 'c', name: 'C' } });
    act('c', { type: 'join', clauses: [] });
    for (const party of ['c', 'a']) sign(party, 2);
    expect(given()).toEqual(['a>b', 'b>a']);
    sign('b', 2);
    expect(given()).toEqual(['a>b', 'a>c', 'b>a', 'b>c']);
  });

  test('left out of an amendment, a party gets nothing once it is in force, and must sign that', () => {
    const { act, sign, given } = agreed();
    act('a', { type: 'amended', terms: termsOf(['a', 'b']) });
    for (const party of ['a', 'b']) sign(party, 2);
    expect(given()).toHaveLength(6);
    sign('c', 2);
    expect(given()).toEqual(['a>b', 'b>a']);
  });
});
