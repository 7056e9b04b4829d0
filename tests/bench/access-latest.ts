import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANY } from '../../fleet/access/decide.js';
import { createAccess } from '../../fleet/access/access.js';
import { treeOf } from '../../fleet/access/organisation-tree.js';
import { compileOwnScope } from '../../fleet/sharing/compile-scope.js';
import { newId } from '../../fleet/registry/new-id.js';
import { randomBytes } from 'node:crypto';
import { openHttpOver } from '../fleet/http/http-under-test.js';
import { directoryOf, EPOCH, openFleetIn, point, reading, T0 } from '../fleet/projections/fleet-of-views.js';
import { GATEWAY_A } from '../fleet/http/http-under-test.js';
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
    return { authorisationMs, latestMs, latestOverheadPercent };
  } finally {
    await http.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
