import type { Scope } from '../../sharing/scope.js';
import type { Database } from './database.js';
import {
  COMMAND_COLUMNS,
  commandOf,
  EVENT_COLUMNS,
  type CommandRow,
  type EventRow,
} from './registry-operations.js';
import { GATEWAY, type AskedGateway } from './views-ledger-query.js';
import { GRANTS, operationsParameter } from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

const MAX_COMMANDS = 1000;

const asked = (scope: Scope, gateway: string): AskedGateway => ({
  grants: operationsParameter(scope),
  gateway,
});

/** What happened to gateways and what they were asked, as far as a scope gives it. */
export const createOperationsQueries = (database: Database): Pick<ViewsQueries, 'events' | 'commands'> => {
  const events = database.prepare<[AskedGateway], EventRow>(
    `with ${GRANTS}, ${GATEWAY} select ${EVENT_COLUMNS} from registry.event e join gateway_row g
       on e.gateway_id = g.id order by e.last_at desc, e.kind, e.detail`,
  );
  const commands = database.prepare<[AskedGateway], CommandRow>(
    `with ${GRANTS}, ${GATEWAY} select ${COMMAND_COLUMNS} from registry.command c join gateway_row g
       on c.gateway_id = g.id order by c.created_at desc, c.id limit ${MAX_COMMANDS}`,
  );
  return {
    events: (scope, gateway) => events.all(asked(scope, gateway)),
    commands: (scope, gateway) => commands.all(asked(scope, gateway)).map(commandOf),
  };
};
