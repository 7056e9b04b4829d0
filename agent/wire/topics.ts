/** Topics `terroir/1/<gatewayId>/up/<kind>` and `.../down/<kind>`: built and parsed here and nowhere else. */

export const UP_KINDS = ['hello', 'status', 'batch', 'directory', 'health', 'result'] as const;
export type UpKind = (typeof UP_KINDS)[number];

export const DOWN_KINDS = ['welcome', 'ack', 'resend', 'command'] as const;
export type DownKind = (typeof DOWN_KINDS)[number];

const ID = /^[a-z0-9]{16,32}$/;

/** Whether `text` can be the id of a source: `[a-z0-9]{16,32}`. */
export const isSourceId = (text: string): boolean => ID.test(text);

export const upTopic = (gatewayId: string, kind: UpKind): string => `terroir/1/${gatewayId}/up/${kind}`;
export const downTopic = (gatewayId: string, kind: DownKind): string => `terroir/1/${gatewayId}/down/${kind}`;
/** The one filter a gateway may subscribe to; compared whole. */
export const downFilter = (gatewayId: string): string => `terroir/1/${gatewayId}/down/+`;

export interface UpTopic {
  readonly gatewayId: string;
  readonly kind: UpKind;
}

/** Parses an upstream topic, or gives `undefined` for anything else. */
export const parseUpTopic = (topic: string): UpTopic | undefined => {
  const [root, version, gatewayId, direction, kind, ...rest] = topic.split('/');
  if (root !== 'terroir' || version !== '1' || direction !== 'up' || rest.length > 0) return undefined;
  if (gatewayId === undefined || !isSourceId(gatewayId)) return undefined;
  const known = UP_KINDS.find((candidate) => candidate === kind);
  return known === undefined ? undefined : { gatewayId, kind: known };
};

/** Parses a downstream topic, or gives `undefined` for anything else. */
export const parseDownTopic = (topic: string): { gatewayId: string; kind: DownKind } | undefined => {
  const [root, version, gatewayId, direction, kind, ...rest] = topic.split('/');
  if (root !== 'terroir' || version !== '1' || direction !== 'down' || rest.length > 0) return undefined;
  if (gatewayId === undefined || !isSourceId(gatewayId)) return undefined;
  const known = DOWN_KINDS.find((candidate) => candidate === kind);
  return known === undefined ? undefined : { gatewayId, kind: known };
};
