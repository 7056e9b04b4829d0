import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createOrganisationTree } from '../../../fleet/access/organisation-tree.js';
import { ANONYMOUS, type PersonSubject } from '../../../fleet/access/subject.js';
import { agreementOf } from '../../../fleet/sharing/agreement.js';
import { compileScope } from '../../../fleet/sharing/compile-scope.js';
import type { Dataset } from '../../../fleet/sharing/dataset.js';
import type { Asked } from '../../../fleet/sharing/decide.js';
import type { Policy } from '../../../fleet/sharing/flows.js';
import { legalBodiesOf } from '../../../fleet/sharing/legal-bodies.js';
import type { Scope } from '../../../fleet/sharing/scope.js';
import type { Organisation } from '../../../fleet/store/registry-store.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import type { Resolution } from '../../../fleet/store/views-store.js';
import {
  ALL,
  directoryOf,
  openFleetOfViews,
  point,
  reading,
  type FleetOfViews,
} from '../projections/fleet-of-views.js';
import { ENDLESS, INSTANTS, PROPERTIES } from './random-worlds.js';
import type { Question, World } from './rules-model.js';

/** A fleet whose points have readings at all instants; where they are, and whose, changes from world to world. */
export interface FleetOfWorlds extends FleetOfViews {
  readonly points: World['points'];
  put(world: World): void;
}

const KEYS = ['p1', 'p2', 'p3'] as const;
/** An extreme: its cells are the same, whatever part of their past may be read. */
const POINTS = [
  point(1, { device: 'one', kind: 'extreme', property: PROPERTIES[0] }),
  point(2, { device: 'one', kind: 'extreme', property: PROPERTIES[1] }),
  point(3, { device: 'two', kind: 'extreme', property: PROPERTIES[0] }),
];

export const openFleetOfWorlds = async (): Promise<FleetOfWorlds> => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  const more = { parentId: 'org', code: null, timeZone: 'Europe/Paris', type: 'municipality' } as const;
  for (const id of ['a', 'a1', 'a2', 'b', 'b1', 'c'])
    fleet.registry.addOrganisation({ id, name: id, ...more });
  const { devices, ...directory } = directoryOf(...POINTS);
  const both = ['one', 'two'].flatMap((key) => devices.map((device) => ({ ...device, key, address: key })));
  const sent = { ...directory, devices: both };
  await fleet.sendDirectory(sent);
  const columns = POINTS.map(({ number }) => ({
    point: number,
    readings: INSTANTS.map((time, index) => reading(number * 1000 + index, time, index)),
  }));
  await fleet.send(sent, { content: 'readings', columns });
  await fleet.project();
  const rows = await fleet.reader.points(ALL, { limit: 10 });
  const device = { p1: 0, p2: 0, p3: 1 } as const;
  const points = KEYS.map((key) => {
    const row = rows.find((one) => one.key === key);
    if (row === undefined) throw new Error(`no point ${key}`);
    return { id: row.id, device: device[key], property: row.property, deviceId: row.deviceId };
  });
  const deviceIds = [points[0]?.deviceId ?? '', points[2]?.deviceId ?? ''];
  return { ...fleet, points, put: putter(fleet, deviceIds) };
};

const openEnd = (to: number): number | null => (to === ENDLESS ? null : to);

const putter = ({ folder }: FleetOfViews, deviceIds: readonly string[]): FleetOfWorlds['put'] => {
  const database = openDatabase(join(folder, 'registry.db'));
  database.pragma('synchronous = OFF');
  onTestFinished(() => void database.close());
  for (const site of ['centre', 'nord']) {
    database.prepare(`insert into site (id, organisation_id, name) values (?, 'org', 's')`).run(site);
  }
  const holding = database.prepare('insert into holding values (?, ?, ?, ?, ?, ?)');
  const installation = database.prepare(
    `insert into installation (id, device_id, location_id, ratio, "offset", "from", "to") values (?, ?, ?, 1, 0, ?, ?)`,
  );
  const location = database.prepare(
    `insert into location (id, organisation_id, key, name, site_id, geometry) values (?, 'org', 'k', 'n', ?, ?)`,
  );
  return database.transaction((world: World) => {
    database.exec('delete from holding; delete from installation; delete from location');
    for (const { id, site, at } of world.locations) {
      location.run(id, site, at === null ? null : JSON.stringify({ type: 'Point', coordinates: at }));
    }
    for (const [index, { device, by, from, to, title }] of world.held.entries()) {
      holding.run(`h${index}`, deviceIds[device], by, from, openEnd(to), title);
    }
    for (const [index, { device, location: at, from, to }] of world.installed.entries()) {
      installation.run(`i${index}`, deviceIds[device], at, from, openEnd(to));
    }
  });
};

const organisationsOf = (world: World) =>
  world.organisations.map((one) => ({
    ...one,
    name: one.id,
    code: null,
    timeZone: 'Europe/Paris',
  })) as readonly Organisation[];

export const policyOf = (world: World): Policy => ({
  agreements: world.agreements.flatMap((events, index) => agreementOf(`g${index}`, events) ?? []),
  datasets: new Map(
    world.datasets.map(({ id, owner, ...content }) => [
      id,
      { id, organisationId: owner, revision: 1, content } as unknown as Dataset,
    ]),
  ),
  themes: new Map(Object.entries(world.themes)),
  version: 1,
});

const subjectOf = (organisationId: string): PersonSubject => ({
  type: 'person',
  id: 'p',
  name: 'P',
  organisationId,
  role: 'viewer',
});

type Who = Omit<Question, 'point' | 'periodMs'>;

export const scopeIn = (world: World, { reader, purpose, now }: Who): Scope => {
  const organisations = organisationsOf(world);
  const subject = reader === null ? ANONYMOUS : subjectOf(reader);
  return compileScope(subject, createOrganisationTree(organisations), now, {
    policy: policyOf(world),
    bodies: legalBodiesOf(organisations),
    purpose,
  });
};

/** The same question about one point, as the decision point takes it. */
export const askerIn = (
  world: World,
  { registry }: FleetOfViews,
  { reader, purpose, now }: Who,
  pointId: string,
): ((periodMs: number, from: number, to: number) => Asked) => {
  const organisations = organisationsOf(world);
  const bodies = legalBodiesOf(organisations);
  const asked = {
    organisationId: reader === null ? null : bodies.bodyOf(reader),
    own: new Set(reader === null ? [] : createOrganisationTree(organisations).below(reader)),
    purpose,
    now,
    bodyOf: (id: string) => bodies.bodyOf(id),
    target: { placed: registry.placements(pointId), held: registry.heldBy(pointId) },
  };
  return (periodMs, from, to) => ({ ...asked, resolutionMs: periodMs, from, to });
};

export const CELLS: readonly Resolution[] = ['15m', '1h', '1d'];

/** Times of readings, and begins of cells, that a store gives. */
export const readFrom = async ({ reader }: FleetOfViews, scope: Scope, now: number, pointId: string) => {
  const query = { pointId, from: 0, to: ENDLESS, limit: 1000 };
  return {
    raw: (await reader.readings(scope, now, query)).map(({ time }) => time),
    cells: await Promise.all(
      CELLS.map(async (resolution) =>
        (await reader.rollups(scope, now, { ...query, resolution })).map(({ start, end }) => ({
          start,
          end,
        })),
      ),
    ),
  };
};
