import type {
  EventKind,
  GatewayCommand,
  GatewayEvent,
  NewCommand,
  OperationsStore,
} from '../operations-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

/** Of one gateway. */
const MAX_EVENTS = 200;
const MAX_PENDING = 100;
const MAX_COMMANDS = 1000;

export const COMMAND_COLUMNS = `c.id, c.gateway_id as "gatewayId", c.name, c.arguments, c.created_at as "createdAt",
  c.created_by as "createdBy", c.expires, c.outcome, c.detail, c.answered_at as "answeredAt"`;

export interface CommandRow extends Omit<NewCommand, 'arguments'> {
  readonly arguments: string;
  readonly outcome: 'done' | 'refused' | 'failed' | 'expired' | null;
  readonly detail: string | null;
  readonly answeredAt: number | null;
}

export const commandOf = ({ outcome, detail, answeredAt, ...row }: CommandRow): GatewayCommand => ({
  ...row,
  arguments: JSON.parse(row.arguments) as GatewayCommand['arguments'],
  answer: outcome === null ? undefined : { outcome, detail: detail ?? '', at: answeredAt ?? 0 },
});

export const EVENT_COLUMNS = 'e.kind, e.detail, e.first_at as "firstAt", e.last_at as "lastAt", e.count';

export interface EventRow extends Omit<GatewayEvent, 'kind'> {
  readonly kind: EventKind;
}

/** Events and commands of gateways. */
export const createOperationsTables = (database: Database): Asynchronous<OperationsStore> => {
  const note = database.prepare(
    `insert into event (gateway_id, kind, detail, first_at, last_at, count)
     values (@gatewayId, @kind, @detail, @at, @at, 1)
     on conflict (gateway_id, kind, detail) do update set last_at = excluded.last_at, count = event.count + 1`,
  );
  const trimEvents = database.prepare(
    `delete from event where gateway_id = ? and (kind, detail) not in (
       select kind, detail from event where gateway_id = ? order by last_at desc limit ${MAX_EVENTS})`,
  );
  const pending = database.prepare<[string, number], CommandRow>(
    `select ${COMMAND_COLUMNS} from command c where c.gateway_id = ? and c.outcome is null and c.expires > ?
     order by c.created_at, c.id limit ${MAX_PENDING}`,
  );
  const waiting = database.prepare<[number], CommandRow>(
    `select ${COMMAND_COLUMNS} from command c join gateway g on g.id = c.gateway_id and g.connected = 1
     where c.outcome is null and c.expires > ?
     order by c.created_at, c.id limit ${MAX_COMMANDS}`,
  );
  const add = database.prepare(
    `insert into command (id, gateway_id, name, arguments, created_at, created_by, expires)
     values (@id, @gatewayId, @name, @arguments, @createdAt, @createdBy, @expires)`,
  );
  const trimCommands = database.prepare(
    `delete from command where gateway_id = ? and id not in (
       select id from command where gateway_id = ? order by created_at desc limit ${MAX_COMMANDS})`,
  );
  const answer = database.prepare(
    `update command set outcome = @outcome, detail = @detail, answered_at = @at
     where gateway_id = @gatewayId and id = @id and outcome is null`,
  );
  return {
    noteEvent: database.transaction(async (event) => {
      await note.run({ ...event });
      await trimEvents.run(event.gatewayId, event.gatewayId);
    }),
    addCommand: database.transaction(async (command) => {
      if ((await pending.all(command.gatewayId, command.createdAt)).length >= MAX_PENDING) return false;
      await add.run({ ...command, arguments: JSON.stringify(command.arguments) });
      await trimCommands.run(command.gatewayId, command.gatewayId);
      return true;
    }),
    waitingCommands: async (now) => (await waiting.all(now)).map(commandOf),
    pendingCommands: async (gatewayId, now) => (await pending.all(gatewayId, now)).map(commandOf),
    answerCommand: async (gatewayId, id, given) => (await answer.run({ gatewayId, id, ...given })) === 1,
  };
};
