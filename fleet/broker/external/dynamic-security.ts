import { downFilter, isSourceId } from '#wire/topics.js';

/**
 * The rules of the broker in the terms of mosquitto's dynamic security plugin. Its access control lists in files
 * judge messages but grant every subscription, so that a gateway could join the fleet's own shared subscription
 * and swallow its neighbours' messages; the plugin judges subscriptions too, and knows no patterns: each gateway
 * has a role of its own.
 */
export const CONTROL_TOPIC = '$CONTROL/dynamic-security/v1';
export const CONTROL_ANSWERS = '$CONTROL/dynamic-security/v1/response';

export interface Permission {
  readonly acltype: 'publishClientSend' | 'publishClientReceive' | 'subscribeLiteral';
  readonly topic: string;
  readonly allow: true;
  readonly priority: 0;
}

export interface Role {
  readonly rolename: string;
  readonly acls: readonly Permission[];
}

export interface Client {
  readonly username: string;
  readonly roles: readonly { readonly rolename: string }[];
}

export type ControlCommand =
  | ({ readonly command: 'createRole' } & Role)
  | ({ readonly command: 'createClient' } & Client)
  | { readonly command: 'deleteClient' | 'disableClient' | 'enableClient'; readonly username: string }
  | { readonly command: 'deleteRole'; readonly rolename: string }
  | { readonly command: 'listClients'; readonly verbose: false; readonly count: -1; readonly offset: 0 };

const may = (acltype: Permission['acltype'], topic: string): Permission => ({
  acltype,
  topic,
  allow: true,
  priority: 0,
});

/** What one gateway may: publish below its own `up`, and subscribe to exactly its own down filter. */
export const gatewayRole = (gatewayId: string): Role => ({
  rolename: gatewayId,
  acls: [
    may('publishClientSend', `terroir/1/${gatewayId}/up/#`),
    may('publishClientReceive', downFilter(gatewayId)),
    may('subscribeLiteral', downFilter(gatewayId)),
  ],
});

/** What the fleet may: everybody's `up`, everybody's `down`, and who else may. */
export const fleetRole = (rolename: string, ingestFilter: string): Role => ({
  rolename,
  acls: [
    may('subscribeLiteral', ingestFilter),
    may('publishClientReceive', 'terroir/1/+/up/#'),
    may('publishClientSend', 'terroir/1/+/down/+'),
    may('publishClientSend', CONTROL_TOPIC),
    may('subscribeLiteral', CONTROL_ANSWERS),
    may('publishClientReceive', CONTROL_ANSWERS),
  ],
});

export const clientOf = (username: string, rolename: string): Client => ({ username, roles: [{ rolename }] });

/** Lets a gateway in; harmless where it is in already. */
export const admitting = (gatewayId: string): readonly ControlCommand[] => [
  { command: 'createRole', ...gatewayRole(gatewayId) },
  { command: 'createClient', ...clientOf(gatewayId, gatewayId) },
];

/** Ends a gateway's session at once, and lets it do nothing in a later one. */
export const expelling = (gatewayId: string): readonly ControlCommand[] => [
  { command: 'deleteClient', username: gatewayId },
  { command: 'deleteRole', rolename: gatewayId },
];

/** Ends a gateway's session at once; a later one is as good as before. */
export const kicking = (gatewayId: string): readonly ControlCommand[] => [
  { command: 'disableClient', username: gatewayId },
  { command: 'enableClient', username: gatewayId },
];

/** The names in the plugin's answer to `listClients`; `undefined` where it is the answer to something else. */
export const listedClients = (payload: Uint8Array): readonly string[] | undefined => {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
  const responses: unknown = Object(answer).responses;
  const [first]: readonly unknown[] = Array.isArray(responses) ? responses : [];
  const clients: unknown = Object(Object(first).data).clients;
  return Array.isArray(clients) ? clients.filter((name) => typeof name === 'string') : undefined;
};

/** What brings the plugin's clients in step with the gateways that may connect. */
export const difference = (
  there: readonly string[],
  wanted: readonly string[],
): readonly ControlCommand[] => {
  const [have, want] = [new Set(there), new Set(wanted)];
  return [
    ...there.filter((name) => isSourceId(name) && !want.has(name)).flatMap(expelling),
    ...wanted.filter((id) => !have.has(id)).flatMap(admitting),
  ];
};
