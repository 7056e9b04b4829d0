import type { Organisation, RegistryStore } from '../registry-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

/** The tenant tree. */
export const createOrganisationTable = (
  database: Database,
): Pick<Asynchronous<RegistryStore>, 'organisations' | 'addOrganisation'> => {
  const addOrganisation = database.prepare(
    `insert into organisation (id, parent_id, name, type, code, time_zone)
     values (@id, @parentId, @name, @type, @code, @timeZone)`,
  );
  return {
    organisations: createOrganisationList(database),
    addOrganisation: (organisation) => addOrganisation.put(organisation),
  };
};

/** Reads organisations again only after one of them changed. */
const createOrganisationList = (database: Database): Asynchronous<RegistryStore>['organisations'] => {
  const all = database.prepare<[], Organisation>(
    'select id, parent_id as "parentId", name, type, code, time_zone as "timeZone" from organisation order by id',
  );
  const revision = database
    .prepare<[], number>("select number from revision where name = 'organisation'")
    .pluck();
  let known: { readonly revision: number | undefined; readonly list: readonly Organisation[] } | undefined;
  return async () => {
    const current = await revision.get();
    if (known === undefined || known.revision !== current)
      known = { revision: current, list: await all.all() };
    return known.list;
  };
};
