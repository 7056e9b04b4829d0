/** MQTT 3.1.1 packets by hand, so that tests can also send what no client library would. */

const text = (value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
};

export const remainingLength = (length: number): Buffer => {
  const bytes: number[] = [];
  let left = length;
  do {
    const rest = Math.floor(left / 128);
    bytes.push((left % 128) | (rest > 0 ? 0x80 : 0));
    left = rest;
  } while (left > 0);
  return Buffer.from(bytes);
};

export const packet = (first: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first), remainingLength(body.length), body]);
};

export interface ConnectFields {
  readonly clientId: string | Uint8Array;
  readonly protocol?: string;
  readonly version?: number;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly will?: {
    readonly topic: string | Uint8Array;
    readonly payload?: string;
    readonly retain?: boolean;
  };
}

export const connectPacket = (fields: ConnectFields): Buffer => {
  const { will, keepalive = 60, version = 4 } = fields;
  const willFlags = will === undefined ? 0 : 0x0c | (will.retain === true ? 0x20 : 0);
  return packet(
    0x10,
    text(fields.protocol ?? 'MQTT'),
    Buffer.of(version, (fields.clean === false ? 0 : 2) | willFlags, keepalive >> 8, keepalive & 0xff),
    ...(version === 5 ? [Buffer.of(0)] : []),
    text(fields.clientId),
    ...(will === undefined ? [] : [text(will.topic), text(will.payload ?? 'gone')]),
  );
};

export interface PublishFields {
  readonly topic: string | Uint8Array;
  readonly payload?: Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly id?: number;
}

export const publishPacket = (fields: PublishFields): Buffer => {
  const { qos = 1, id = 1 } = fields;
  return packet(
    0x30 | (qos << 1) | (fields.retain === true ? 1 : 0),
    text(fields.topic),
    ...(qos === 0 ? [] : [Buffer.of(id >> 8, id & 0xff)]),
    fields.payload ?? Buffer.from('x'),
  );
};

export const subscribePacket = (topic: string | Uint8Array, qos = 1): Buffer =>
  packet(0x82, Buffer.of(0, 9), text(topic), Buffer.of(qos));

export const PINGREQ = Buffer.of(0xc0, 0);
export const DISCONNECT = Buffer.of(0xe0, 0);
