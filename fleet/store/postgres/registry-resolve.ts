import type { Directory, DirectoryDevice, DirectoryPoint } from '#wire/directory.js';
import { BEGINNING } from '../organisations-store.js';
import type { RegistryStore, ResolvedPoint } from '../registry-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { createInstaller } from './registry-install.js';
import type { Asynchronous } from '../asynchronous.js';

/** Finds or makes what a directory names; see `RegistryStore.resolve`. One transaction. */
export const createResolver = (
  database: Database,
  newId: () => string,
): Asynchronous<RegistryStore>['resolve'] => {
  const owner = database.prepare<[string], { organisationId: string; timeZone: string }>(
    `select o.id as "organisationId", o.time_zone as "timeZone"
     from gateway g join organisation o on o.id = g.organisation_id where g.id = ?`,
  );
  const resolveDevice = createDeviceResolver(database, newId);
  const resolvePoint = createPointResolver(database, newId);
  const resolve = database.transaction(async (gatewayId: string, directory: Directory, at: number) => {
    const resolved = new Map<number, ResolvedPoint>();
    const held = await owner.get(gatewayId);
    if (held === undefined) return resolved;
    const devices = new Map<string, string>();
    for (const device of directory.devices) {
      devices.set(device.key, await resolveDevice(gatewayId, held.organisationId, device, at));
    }
    for (const point of directory.points) {
      const deviceId = devices.get(point.device);
      if (deviceId === undefined) continue;
      resolved.set(point.number, { ...(await resolvePoint(deviceId, point)), timeZone: held.timeZone });
    }
    return resolved;
  });
  return (gatewayId, directory, at) => resolve(gatewayId, directory, at);
};

interface InheritedHolding {
  readonly organisationId: string;
  readonly from: number;
  readonly to: number | null;
  readonly title: string;
}

interface AssignedDevice {
  readonly id: string;
  readonly maker: string;
  readonly model: string;
  readonly serial: string | null;
  /** End of the assignment; `null` while it lasts. */
  readonly to: number | null;
}

const createDeviceResolver = (database: Database, newId: () => string) => {
  // the newest first: a directory that comes back finds the device that it meant
  const assigned = database.prepare<[string, string], AssignedDevice>(
    `select d.id, d.maker, d.model, a."to",
       (select i.serial from installation i where i.device_id = d.id order by i."from" desc limit 1) as serial
     from assignment a join device d on d.id = a.device_id
     where a.gateway_id = ? and a.key = ? order by a."to" is null desc, a."from" desc`,
  );
  const replaced = database.prepare('select 1 from succession where gateway_id = ?');
  const endAssignment = database.prepare(
    'update assignment set "to" = ? where gateway_id = ? and key = ? and "to" is null',
  );
  const addDevice = database.prepare('insert into device (id, name, maker, model) values (?, ?, ?, ?)');
  const rename = database.prepare('update device set name = ? where id = ? and name <> ?');
  const addAssignment = database.prepare(
    'insert into assignment (id, device_id, gateway_id, key, "from") values (?, ?, ?, ?, ?)',
  );
  const endInstallation = database.prepare(
    `update installation set "to" = ? where "to" is null and device_id in (
       select device_id from assignment where gateway_id = ? and key = ? and "to" is null)`,
  );
  // what a gateway measured while somebody held it is theirs, whenever the device is heard of
  const holdings = database.prepare<[string], InheritedHolding>(
    'select organisation_id as "organisationId", "from", "to", title from gateway_holding where gateway_id = ?',
  );
  const addHolding = database.prepare(
    `insert into holding (id, device_id, organisation_id, "from", "to", title)
     values (@id, @deviceId, @organisationId, @from, @to, @title)`,
  );
  const install = createInstaller(database, newId);

  return async (
    gatewayId: string,
    organisationId: string,
    device: DirectoryDevice,
    at: number,
  ): Promise<string> => {
    const known = await assigned.all(gatewayId, device.key);
    const same = known.find((candidate) => sameDevice(candidate, device));
    const id = same?.id ?? newId();
    const from = known.length === 0 ? BEGINNING : at;
    if (same === undefined) {
      await addDevice.run(id, device.name, device.maker, device.model);
      for (const held of await holdings.all(gatewayId))
        await addHolding.run({ ...held, id: newId(), deviceId: id });
    } else {
      await rename.run(device.name, id, device.name);
    }
    // what a gateway that was replaced said long ago (the log is read again) gives it nothing back
    if (same === undefined || (same.to !== null && (await replaced.get(gatewayId)) === undefined)) {
      await endInstallation.run(at, gatewayId, device.key);
      await endAssignment.run(at, gatewayId, device.key);
      await addAssignment.run(newId(), id, gatewayId, device.key, from);
    }
    await install({ gatewayId, organisationId, deviceId: id }, device, from);
    return id;
  };
};

/** Another model, or another serial number, at the same key is another device. */
const sameDevice = (known: AssignedDevice, device: DirectoryDevice): boolean => {
  if (known.maker !== device.maker || known.model !== device.model) return false;
  const { serial } = device.installation;
  return serial === undefined || known.serial === null || known.serial === serial;
};

interface KnownPoint {
  readonly number: number;
  readonly id: string;
  readonly kind: string;
  readonly valueType: string;
  readonly unit: string;
  readonly current: number;
}

const createPointResolver = (database: Database, newId: () => string) => {
  const known = database.prepare<[string, string], KnownPoint>(
    `select number, id, kind, value_type as "valueType", unit, current from point
     where device_id = ? and key = ? order by current desc, number desc`,
  );
  const retire = database.prepare('update point set current = 0 where device_id = ? and key = ?');
  const describe = database.prepare(
    'update point set name = ?, property = ?, dial_unit = ?, current = 1 where number = ?',
  );
  const add = database.prepare<[object], { number: number }>(
    `insert into point (id, device_id, key, name, kind, value_type, property, unit, dial_unit, previous_id)
     values (@id, @deviceId, @key, @name, @kind, @valueType, @property, @unit, @dialUnit, @previousId)
     returning number`,
  );

  return async (deviceId: string, point: DirectoryPoint): Promise<{ number: number; id: string }> => {
    const { key, name, kind, valueType, property, unit } = point;
    const dialUnit = point.dialUnit ?? null;
    const points = await known.all(deviceId, key);
    const same = points.find(
      (candidate) => candidate.kind === kind && candidate.valueType === valueType && candidate.unit === unit,
    );
    // a new unit or kind is a new point, linked to the one before it
    if (same?.current !== 1) await retire.run(deviceId, key);
    if (same !== undefined) {
      await describe.run(name, property, dialUnit, same.number);
      return { number: same.number, id: same.id };
    }
    const id = newId();
    const previousId = points[0]?.id ?? null;
    const added = await add.get({
      id,
      deviceId,
      key,
      name,
      kind,
      valueType,
      property,
      unit,
      dialUnit,
      previousId,
    });
    return { number: added?.number ?? 0, id };
  };
};
