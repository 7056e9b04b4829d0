import type { Organisation, RegistryStore } from '../registry-store.js';
import type { Database } from './database.js';

/** The tenant tree. */
export const createOrganisationTable = (
  database: Database,
): Pick<RegistryStore, 'organisations' | 'addOrganisation'> => {
  const addOrganisation = database.prepare(
    `insert into organisation (id, parent_id, name, type, code, time_zone)
     values (@id, @parentId, @name, @type, @code, @timeZone)`,
  );
  return {
    organisations: createOrganisationList(database),
    addOrganisation: (organisation) => void addOrganisation.run(organisation),
  };
};

/** Reads organisations again only after one of them changed. */
const createOrganisationList = (database: Database): RegistryStore['organisations'] => {
  const all = database.prepare<[], Organisation>(
    'select id, parent_id as parentId, name, type, code, time_zone as timeZone from organisation order by id',
  );
  const revision = database
    .prepare<[], number>("select number from revision where name = 'organisation'")
    .pluck();
  let known: { readonly revision: number | undefined; readonly list: readonly Organisation[] } | undefined;
  return () => {
    const current = revision.get();
    if (known !== undefined && known.revision === current) return known.list;
    const read = { revision: current, list: all.all() };
    // what a transaction that goes back has counted is counted again for another change
    if (!database.inTransaction) known = read;
    return read.list;
  };
};
