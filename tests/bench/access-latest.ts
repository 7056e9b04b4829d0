import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANY } from '../../fleet/access/decide.js';
import { createAccess } from '../../fleet/access/access.js';
import { treeOf } from '../../fleet/access/organisation-tree.js';
import { compileOwnScope, compileScope } from '../../fleet/sharing/compile-scope.js';
import { legalBodiesOf } from '../../fleet/sharing/legal-bodies.js';
import { createPolicySource } from '../../fleet/sharing/policy-source.js';
import { newId } from '../../fleet/registry/new-id.js';
import { randomBytes } from 'node:crypto';
import { itemsOf, openHttpOver, type HttpUnderTest } from '../fleet/http/http-under-test.js';
import { directoryOf, EPOCH, openFleetIn, point, reading, T0 } from '../fleet/projections/fleet-of-views.js';
import { GATEWAY_A } from '../fleet/http/http-under-test.js';
import { addAgreements, AGREEMENTS } from './access-agreements.js';
import { ORGANISATIONS } from './access-organisations.js';

const POINTS = 100;
const REQUESTS = 200;

/** Median of the times of `act`, ms. */
const medianMs = async (act: () => unknown): Promise<number> => {
  const times: number[] = [];
  for (let index = 0; index < REQUESTS; index += 1) {
    const startedAt = performance.now();
    await act();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[REQUESTS >> 1] ?? NaN;
};

const percent = (of: number, to: number): number => (of / to - 1) * 100;

/** Processor time of one `act`, ms: it tells small differences apart, on a busy machine too. */
const processorMs = async (act: () => unknown): Promise<number> => {
  await act();
  const startedAt = process.cpuUsage();
  for (let index = 0; index < REQUESTS; index += 1) await act();
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1000 / REQUESTS;
};

/**
 * The same, and a page of readings, where 1,000 organisations have 200 agreements: for whom no agreement gives anything,
 * and for who is a party of ten, for the purpose that they give for.
 */
const measureAmongAgreements = async (
  http: HttpUnderTest,
  token: string,
): Promise<Record<string, number>> => {
  const latest = `/api/v1/latest?limit=${POINTS}`;
  const points = itemsOf(await http.get('/api/v1/points?limit=1', token));
  const readings = `/api/v1/readings?point=${String(points[0]?.['id'])}&from=2026-03-10T00:00:00Z`;
  const measure = async (path: string, purpose = ''): Promise<number> =>
    processorMs(() => {
      // time passes, so that nobody asks too often
      http.clock.now += 100;
      return http.get(path + purpose, token);
    });
  // the first measurement warms up
  await measure(latest);
  await measure(readings);
  const before = { latest: await measure(latest), readings: await measure(readings) };
  addAgreements(http.fleet.registry, 'a', 10);
  const firstAt = performance.now();
  await http.get(latest, token);
  const policyMadeMs = performance.now() - firstAt;
  const beside = { latest: await measure(latest), readings: await measure(readings) };
  const purpose = '&purpose=operations';
  const party = { latest: await measure(latest, purpose), readings: await measure(readings, purpose) };
  return {
    agreements: AGREEMENTS,
    policyMadeMs,
    readingsMs: before.readings,
    latestBesideAgreementsPercent: percent(beside.latest, before.latest),
    readingsBesideAgreementsPercent: percent(beside.readings, before.readings),
    latestOfPartyPercent: percent(party.latest, before.latest),
    readingsOfPartyPercent: percent(party.readings, before.readings),
  };
};

/** A municipality's 100 points among 1,000 organisations, asked for by one of its people. */
export const measureLatest = async (): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-access-'));
  const fleet = openFleetIn(folder, { newId });
  const http = await openHttpOver(fleet);
  try {
    for (const organisation of ORGANISATIONS) {
      fleet.registry.addOrganisation({ ...organisation, parentId: organisation.parentId ?? 'org' });
    }
    const directory = directoryOf(...Array.from({ length: POINTS }, (_, index) => point(index + 1)));
    await fleet.sendDirectory(directory, GATEWAY_A);
    const columns = directory.points.map(({ number }) => ({
      point: number,
      readings: [reading(number, T0, number)],
    }));
    await fleet.send(
      directory,
      { content: 'readings', columns },
      { source: GATEWAY_A, epoch: EPOCH, seq: 1 },
    );
    await fleet.project();
    const token = await http.login('a-viewer');
    const { registry } = fleet;
    const { sealing } = http;
    const access = createAccess({ registry, now: Date.now, newId, random: randomBytes, sealing });
    const authorisationMs = await medianMs(() => {
      const subject = access.identify(token, '127.0.0.1');
      access.decide(subject, 'read-data', ANY);
      return compileOwnScope(subject, treeOf(registry.organisations()), Date.now());
    });
    const latestMs = await medianMs(() => http.get(`/api/v1/latest?limit=${POINTS}`, token));
    const latestOverheadPercent = (authorisationMs / (latestMs - authorisationMs)) * 100;
    const shared = await measureAmongAgreements(http, token);
    const bodies = legalBodiesOf(registry.organisations());
    const policy = createPolicySource(registry, new Map());
    const person = access.identify(token, '127.0.0.1');
    const scopeMs = await medianMs(() =>
      compileScope(person, treeOf(registry.organisations()), Date.now(), {
        policy: policy(),
        bodies,
        purpose: null,
      }),
    );
    const scopeOfLatestPercent = (scopeMs / latestMs) * 100;
    return { authorisationMs, latestMs, latestOverheadPercent, ...shared, scopeMs, scopeOfLatestPercent };
  } finally {
    await http.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
