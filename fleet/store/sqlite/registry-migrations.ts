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

/** Indexes that tell whose a row is, or whether it is there, before anything else of it is read. */
const WHOSE = `
create index organisation_code on organisation (code, merged_into, ended_at, id);
create index organisation_siret on organisation (siret, merged_into, ended_at, id);
create index organisation_name on organisation (name, parent_id, merged_into, ended_at, id);
create index competence_holder on competence (holder_id);
create index competence_for on competence (for_id);
create index competence_whose on competence (id, holder_id, for_id);
create index gateway_whose on gateway (id, organisation_id);
create index assignment_whose on assignment (id, device_id, gateway_id);
create index installation_whose on installation (id, device_id);
drop index holding_device;
create index holding_whose on holding (device_id, title, "to", organisation_id, id);
drop index gateway_holding_gateway;
create index gateway_holding_whose on gateway_holding (gateway_id, title, "to", organisation_id, id);
drop index site_holding_site;
create index site_holding_whose on site_holding (site_id, title, "to", organisation_id, id);
drop index location_holding_location;
create index location_holding_whose on location_holding (location_id, title, "to", organisation_id, id);
`;

export const REGISTRY_MIGRATIONS: readonly Migration[] = [
  { version: 7, up: first },
  { version: 8, up: DEVICE_ORDER },
  { version: 9, up: WHOSE },
];
