import { connect, type TLSSocket } from 'node:tls';
import { connectPacket } from '../fleet/broker/raw-mqtt.js';

const AT_ONCE = 16;

/** What the process of the clients is told. */
export interface TrustOrder {
  readonly port: number;
  readonly ca: string;
  readonly who: readonly { readonly key: string; readonly cert: string; readonly gatewayId: string }[];
  readonly count: number;
  /** CONNECT and wait for the CONNACK; else one byte each way. */
  readonly mqtt: boolean;
  /** Leaves the sessions open. */
  readonly stay: boolean;
}

/** One connection, until the other side has answered. */
const open = ({ port, ca, mqtt }: TrustOrder, who: TrustOrder['who'][number]): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, key: who.key, cert: who.cert });
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      if (mqtt && bytes[3] !== 0) reject(new Error(`CONNACK ${String(bytes[3])}`));
      else resolve(socket);
    });
    socket.write(mqtt ? connectPacket({ clientId: who.gatewayId, keepalive: 1200 }) : 'x');
  });

process.once('message', (order: TrustOrder) => {
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < order.count) {
      const who = order.who[begun % order.who.length];
      begun += 1;
      if (who === undefined) continue;
      const socket = await open(order, who);
      socket.on('error', () => undefined);
      if (!order.stay) socket.destroy();
    }
  };
  const startedAt = performance.now();
  void Promise.all(Array.from({ length: AT_ONCE }, work)).then(
    () => process.send?.((performance.now() - startedAt) / 1_000),
    (error: unknown) => process.send?.(String(error)),
  );
});
