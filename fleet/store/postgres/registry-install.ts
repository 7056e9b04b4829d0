import type { DirectoryDevice } from '#wire/directory.js';
import { BEGINNING } from '../organisations-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';

/** Which gateway speaks, who holds it now, and of which device. */
export interface Installed {
  readonly gatewayId: string;
  readonly organisationId: string;
  readonly deviceId: string;
}

interface LastInstallation {
  readonly to: number | null;
  readonly locationId: string | null;
  readonly serial: string | null;
  readonly ratio: number;
  readonly offset: number;
}

/** Brings the installation of a device up to what its directory says, from `at` on; coefficients never act backwards. */
export const createInstaller = (database: Database, newId: () => string) => {
  const locate = createLocator(database, newId);
  const last = database.prepare<[string], LastInstallation>(
    `select "to", location_id as "locationId", serial, ratio, "offset" from installation
     where device_id = ? order by "from" desc limit 1`,
  );
  const end = database.prepare('update installation set "to" = ? where device_id = ? and "to" is null');
  const add = database.prepare(
    `insert into installation (id, device_id, location_id, serial, ratio, "offset", "from")
     values (?, ?, ?, ?, ?, ?, ?)`,
  );
  return async (where: Installed, device: DirectoryDevice, at: number): Promise<void> => {
    const { location: key, locationName, ratio = 1, offset = 0 } = device.installation;
    const locationId = key === undefined ? null : await locate(where, key, locationName);
    const current = await last.get(where.deviceId);
    // a configuration that names no serial number does not take back the one that somebody read from the plate
    const serial = device.installation.serial ?? current?.serial ?? null;
    const same =
      current?.to === null &&
      current.locationId === locationId &&
      current.serial === serial &&
      current.ratio === ratio &&
      current.offset === offset;
    if (same) return;
    await end.run(at, where.deviceId);
    await add.run(newId(), where.deviceId, locationId, serial, ratio, offset, at);
  };
};

interface KnownLocation {
  readonly id: string;
  readonly name: string;
}

/** Finds or makes the location that a gateway means by a key. */
const createLocator = (database: Database, newId: () => string) => {
  const named = database.prepare<[string, string], KnownLocation>(
    `select l.id, l.name from location_alias a join location l on l.id = a.location_id
     where a.gateway_id = ? and a.key = ?`,
  );
  const keyed = database.prepare<[string, string], KnownLocation>(
    `select id, name from location where organisation_id = ? and key = ? and merged_into is null
     order by id limit 1`,
  );
  const addAlias = database.prepare(
    'insert into location_alias (id, gateway_id, key, location_id) values (?, ?, ?, ?)',
  );
  const add = database.prepare('insert into location (id, organisation_id, key, name) values (?, ?, ?, ?)');
  const addHolding = database.prepare(
    'insert into location_holding (id, location_id, organisation_id, "from") values (?, ?, ?, ?)',
  );
  // what people changed stays as they wrote it
  const rename = database.prepare(
    `update location set name = ? where id = ?
       and not exists (select 1 from act_change where record_id = location.id)`,
  );

  return async (
    { gatewayId, organisationId }: Installed,
    key: string,
    name: string | undefined,
  ): Promise<string> => {
    const alias = await named.get(gatewayId, key);
    const known = alias ?? (await keyed.get(organisationId, key));
    const id = known?.id ?? newId();
    if (known === undefined) {
      await add.run(id, organisationId, key, name ?? key);
      await addHolding.run(newId(), id, organisationId, BEGINNING);
    } else if (name !== undefined && name !== known.name) {
      await rename.run(name, id);
    }
    if (alias === undefined) await addAlias.run(newId(), gatewayId, key, id);
    return id;
  };
};
