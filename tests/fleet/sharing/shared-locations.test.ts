import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { everything } from '../projections/fleet-of-views.js';
import { chosenScenes } from './chosen-scenes.js';
import { openFleetOfWorlds, scopeIn } from './world-in-stores.js';

test('a location that others give has a name and a place, and neither delivery points nor what it was merged into', async () => {
  const fleet = await openFleetOfWorlds();
  const [scene] = chosenScenes(fleet.points);
  if (scene === undefined) throw new Error('no scene');
  fleet.put(scene.world);
  const registry = openDatabase(join(fleet.folder, 'registry.db'));
  registry
    .prepare(
      `update location set merged_into = 'ecole', prm = '30000000000007', pce = 'GI000007' where id = 'mairie'`,
    )
    .run();
  registry
    .prepare(
      `insert into location_holding (id, location_id, organisation_id, "from") values ('l', 'mairie', 'a', 0)`,
    )
    .run();
  registry.close();
  const scope = scopeIn(scene.world, { reader: 'b', purpose: 'operations', now: scene.now });
  const place = { id: 'mairie', name: 'n', key: 'k', geometry: { type: 'Point', coordinates: [1, 1] } };
  expect(await fleet.reader.location(scope, 'mairie')).toEqual({
    ...place,
    organisationId: 'a',
    siteId: null,
    prm: null,
    pce: null,
    mergedInto: null,
  });
  const own = { ...place, prm: '30000000000007', pce: 'GI000007', mergedInto: 'ecole' };
  expect(await fleet.reader.location(everything('a'), 'mairie')).toMatchObject(own);
  const otherwise = scopeIn(scene.world, { reader: 'b', purpose: 'research', now: scene.now });
  expect(await fleet.reader.location(otherwise, 'mairie')).toBeUndefined();
});
