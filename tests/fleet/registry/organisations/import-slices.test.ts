import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../../../fleet/registry/new-id.js';
import { readCsv } from '../../../../fleet/registry/organisations/import/read-csv.js';
import { createOrganisations } from '../../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../../fleet/registry/organisations/vocabulary.js';
import { openRegistryStore } from '../../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const ROWS = 500;
const ACTOR = { by: 'p' };

const openImport = () => {
  const registry = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  registry.addOrganisation({
    id: 'a',
    parentId: null,
    name: 'A',
    type: 'intercommunality',
    code: null,
    timeZone: 'UTC',
  });
  const vocabulary = readOrganisationVocabulary();
  const organisations = createOrganisations({ store: registry, vocabulary, newId, now: Date.now });
  const rows = Array.from({ length: ROWS }, (_, index) => `location,a,k${index},L${index}`);
  const table = readCsv(['record,organisation,key,name', ...rows].join('\n'), {
    record: undefined,
    map: new Map(),
  });
  const act = (): void =>
    void organisations.perform(
      { deed: 'add-site', asked: { organisationId: 'a', name: 'Meanwhile' } },
      ACTOR,
    );
  return { organisations, table, act };
};

test('an import of many rows gives others their turn, and is planned anew where one of them acted', async () => {
  const { organisations, table, act } = openImport();
  let turns = 0;
  const plan = await organisations.planImport(table, ACTOR, async () => {
    turns += 1;
    if (turns === 1) act();
  });
  expect(plan).toMatchObject({ kind: 'import', summary: { rows: ROWS, added: ROWS } });
  expect(turns).toBeGreaterThan(1);
  expect(plan).toMatchObject({ summary: organisations.plan({ deed: 'import', table }, ACTOR).summary });
});

test('an import that others cut across all the time is refused, and changes nothing', async () => {
  const { organisations, table, act } = openImport();
  const planning = organisations.planImport(table, ACTOR, async () => act());
  await expect(planning).rejects.toMatchObject({ code: 'changed-since' });
});
