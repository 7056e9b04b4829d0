/** What a generated configuration is made from. Paths are absolute. */
export interface BrokerConfigSettings {
  /** Where the files will be read from. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Who the fleet is at the broker: one name for each of its processes. */
  readonly fleetClients: readonly string[];
  /** Gateways that may connect today. */
  readonly gateways: readonly string[];
}

/** One file of a generated configuration. */
export interface BrokerFile {
  /** In the folder of the configuration, or a path of its own. */
  readonly name: string;
  readonly text: string;
  /** For nobody's eyes but the broker's or the fleet's. */
  readonly secret: boolean;
}

/** Fixed header, topic and message id of the longest PUBLISH, generously, over the largest payload. */
export const MAX_PACKET_BYTES = 1024 * 1024 + 1024;
/** Longest keepalive, seconds, as in the embedded broker. */
export const MAX_KEEPALIVE_S = 1200;
export const MAX_CONNECTIONS = 10_000;
/** Messages on their way to one client, answered or not. */
export const MAX_IN_FLIGHT = 256;
/** What waits for one client; a fleet that was slow for a moment loses nothing. Beyond, gateways send again. */
export const MAX_QUEUED = 20_000;
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
