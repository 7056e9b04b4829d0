import { AGREEMENTS_SCHEMA } from './agreements-schema.js';
import { AUDIT_SCHEMA } from './audit-schema.js';
import type { Database } from './database.js';
import { addMissingColumn, type Migration } from './migrate.js';
import { PEOPLE_SCHEMA } from './people-schema.js';
import { REGISTRY_SCHEMA } from './registry-schema.js';
import { USAGE_SCHEMA } from './usage-schema.js';

/** Files of schemas 1 to 6 came to have some of these columns, tables and indexes, or all. */
const first = (database: Database): void => {
  addMissingColumn(database, 'invitation', 'limit_site', 'text');
  addMissingColumn(database, 'invitation', 'limit_from', 'integer');
  addMissingColumn(database, 'invitation', 'limit_to', 'integer');
  addMissingColumn(database, 'enrolment_token', 'site_id', 'text');
  for (const schema of [REGISTRY_SCHEMA, AUDIT_SCHEMA, PEOPLE_SCHEMA, AGREEMENTS_SCHEMA, USAGE_SCHEMA]) {
    database.exec(schema);
  }
};

/** Listings go device by device: those of an organisation in order, and the points of each by number. */
const DEVICE_ORDER = `
drop index holding_organisation;
create index holding_holder on holding (organisation_id, device_id);
create index point_order on point (device_id, number);
`;

export const REGISTRY_MIGRATIONS: readonly Migration[] = [
  { version: 7, up: first },
  { version: 8, up: DEVICE_ORDER },
];
