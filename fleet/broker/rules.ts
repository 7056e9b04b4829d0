import { downFilter, isSourceId, parseUpTopic, upTopic, type UpKind } from '#wire/topics.js';
import { decideForGateway } from '../access/decide.js';
import type { Fault, Peer } from './connection.js';
import type { BrokerLimits } from './limits.js';
import { HEAR, TOPIC_ACTIONS } from './topic-actions.js';

/** The fields of a CONNECT packet that are judged. */
export interface ConnectRequest {
  readonly clientId: string;
  readonly protocolId?: string;
  readonly protocolVersion?: number;
  readonly bridgeMode?: boolean;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly will?: { readonly topic: string; readonly retain?: boolean };
}

export interface PublishRequest {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: number;
  readonly retain: boolean;
}

export interface SubscribeRequest {
  readonly topic: string;
  readonly qos: number;
}

/** Why a CONNECT is refused: MQTT 3.1.1, clean, with a keepalive, as itself, with a will on its own status alone. */
export const connectFault = (
  request: ConnectRequest,
  peer: Peer,
  limits: Pick<BrokerLimits, 'maxKeepaliveS'>,
): Fault | undefined => {
  const { clientId, keepalive = 0, will } = request;
  if (request.protocolId !== 'MQTT' || request.protocolVersion !== 4 || request.bridgeMode === true) {
    return { code: 'protocol', detail: `MQTT 3.1.1 only; asked for ${String(request.protocolVersion)}.` };
  }
  if (request.clean !== true) return { code: 'protocol', detail: 'Clean sessions only.' };
  if (!isSourceId(clientId) || clientId !== peer.gatewayId) {
    return { code: 'client-id', detail: `Client id ${shown(clientId)} is not the certificate's.` };
  }
  if (keepalive < 1 || keepalive > limits.maxKeepaliveS) {
    return {
      code: 'keepalive',
      detail: `Keepalive ${keepalive} s; 1 to ${limits.maxKeepaliveS} is accepted.`,
    };
  }
  if (will?.retain === true) return { code: 'retained', detail: 'The will asks to be retained.' };
  if (will !== undefined && will.topic !== upTopic(peer.gatewayId, 'status')) {
    return { code: 'topic', detail: `Will on ${shown(will.topic)}.` };
  }
  return undefined;
};

/** The kind of message that a gateway publishes, or why it may not. */
export const judgePublish = (
  request: PublishRequest,
  gatewayId: string,
  limits: Pick<BrokerLimits, 'maxMessageBytes'>,
): { readonly kind: UpKind } | { readonly fault: Fault } => {
  const topic = parseUpTopic(request.topic);
  if (
    topic === undefined ||
    !decideForGateway(gatewayId, TOPIC_ACTIONS[topic.kind], { type: 'gateway', gatewayId: topic.gatewayId })
      .permit
  ) {
    return { fault: { code: 'topic', detail: `Published to ${shown(request.topic)}.` } };
  }
  if (request.retain) return { fault: { code: 'retained', detail: `Retained message on ${topic.kind}.` } };
  if (request.qos !== 1) {
    return { fault: { code: 'qos', detail: `Published at QoS ${request.qos}; 1 is accepted.` } };
  }
  if (request.payload.length > limits.maxMessageBytes) {
    const detail = `A payload of ${request.payload.length} bytes; the limit is ${limits.maxMessageBytes}.`;
    return { fault: { code: 'packet-too-large', detail } };
  }
  return { kind: topic.kind };
};

/** Why a subscription is refused: only the own down filter, compared whole, at QoS 1. */
export const subscribeFault = (request: SubscribeRequest, gatewayId: string): Fault | undefined => {
  const own = decideForGateway(gatewayId, HEAR, { type: 'gateway', gatewayId });
  if (!own.permit || request.topic !== downFilter(gatewayId)) {
    return { code: 'topic', detail: `Subscribed to ${shown(request.topic)}.` };
  }
  if (request.qos !== 1) return { code: 'qos', detail: `Subscribed at QoS ${request.qos}; 1 is accepted.` };
  return undefined;
};

/** Text of the other side as one short, harmless line. */
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
