import type { EpochNote, Gateway, GatewayState, RegistryStore } from '../registry-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

type GatewayTables = Pick<
  Asynchronous<RegistryStore>,
  'gateway' | 'gateways' | 'noteGateway' | 'noteEpoch' | 'forgetConnections'
>;

/** Columns of a gateway, in the names of `Gateway`; also read by the views' reader. */
export const GATEWAY_COLUMNS = `id, organisation_id as "organisationId", name, created_at as "createdAt", connected,
  last_seen as "lastSeen", epoch, agent_version as "agentVersion",
  clock_state as "clockState", last_error as "lastError", health,
  (select r.at from revocation r where r.gateway_id = gateway.id) as "revokedAt"`;

export type GatewayRow = Omit<Gateway, 'connected'> & { readonly connected: number };

export const gatewayOf = (row: GatewayRow): Gateway => ({ ...row, connected: row.connected !== 0 });

const NOTE_COLUMNS: Readonly<Record<keyof GatewayState, string>> = {
  connected: 'connected',
  lastSeen: 'last_seen',
  epoch: 'epoch',
  agentVersion: 'agent_version',
  clockState: 'clock_state',
  lastError: 'last_error',
  health: 'health',
};

/** Gateways, and what they say of themselves. */
export const createGatewayTables = (database: Database): GatewayTables => {
  const gateway = database.prepare<[string], GatewayRow>(
    `select ${GATEWAY_COLUMNS} from gateway where id = ?`,
  );
  const gateways = database.prepare<[], GatewayRow>(`select ${GATEWAY_COLUMNS} from gateway order by id`);
  const forget = database.prepare('update gateway set connected = 0');
  return {
    gateway: async (id) => {
      const row = await gateway.get(id);
      return row === undefined ? undefined : gatewayOf(row);
    },
    gateways: async () => (await gateways.all()).map(gatewayOf),
    noteGateway: createNote(database),
    noteEpoch: createEpochNote(database),
    forgetConnections: () => forget.put(),
  };
};

const createEpochNote = (database: Database): Asynchronous<RegistryStore>['noteEpoch'] => {
  const before = database.prepare<[string, string], EpochNote>(
    `select epoch, last_at as at, last_sealed as "lastSealed", last_ordinal as "lastOrdinal", unsealed
     from gateway_epoch
     where gateway_id = ? and epoch = ?`,
  );
  const put = database.prepare(
    `insert into gateway_epoch (gateway_id, epoch, first_at, last_at, last_sealed, last_ordinal, unsealed)
     values (@id, @epoch, @at, @at, @lastSealed, @lastOrdinal, @unsealed)
     on conflict (gateway_id, epoch) do update set last_at = excluded.last_at,
       last_sealed = excluded.last_sealed, last_ordinal = excluded.last_ordinal, unsealed = excluded.unsealed
       where excluded.last_sealed >= gateway_epoch.last_sealed
         and excluded.last_ordinal >= gateway_epoch.last_ordinal`,
  );
  return async (id, note) => {
    const known = await before.get(id, note.epoch);
    await put.run({ id, ...note });
    return known;
  };
};

const createNote = (database: Database): Asynchronous<RegistryStore>['noteGateway'] => {
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  return async (id, note) => {
    const entries = Object.entries(NOTE_COLUMNS).flatMap(([key, column]) => {
      const value: unknown = Reflect.get(note, key);
      return value === undefined
        ? []
        : [{ column, value: typeof value === 'boolean' ? Number(value) : value }];
    });
    if (entries.length === 0) return;
    const sql = `update gateway set ${entries.map(({ column }) => `${column} = ?`).join(', ')} where id = ?`;
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    await statement.run(...entries.map(({ value }) => value), id);
  };
};
