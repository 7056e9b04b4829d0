import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** What the service says of itself to Prometheus. No label names a gateway: their number has no bound. */
export interface Metrics {
  readonly registry: Registry;
  readonly batches: Counter<'outcome'>;
  readonly refused: Counter<'code'>;
  readonly appended: Counter;
}

export interface MetricsSources {
  readonly gatewaysConnected: () => number;
  readonly logHead: () => number;
  readonly projectionLag: () => number;
  readonly appendsWaiting: () => number;
  /** Sizes of the write-ahead logs, bytes, by database. */
  readonly walBytes: () => Readonly<Record<string, number>>;
}

export const createMetrics = (sources: MetricsSources): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers: [registry], collect: () => made.set(read()) });
  };
  gauge('terroir_gateways_connected', 'Gateways with an open session.', sources.gatewaysConnected);
  gauge('terroir_log_head', 'Position of the newest log entry.', sources.logHead);
  gauge('terroir_projection_lag_entries', 'Log entries not yet projected.', sources.projectionLag);
  gauge('terroir_log_waiting_items', 'Items waiting for their commit.', sources.appendsWaiting);
  const wal: Gauge<'database'> = new Gauge({
    name: 'terroir_wal_bytes',
    help: 'Size of the write-ahead log.',
    labelNames: ['database'],
    registers: [registry],
    collect: () => {
      for (const [database, bytes] of Object.entries(sources.walBytes())) wal.set({ database }, bytes);
    },
  });
  return {
    registry,
    batches: new Counter({
      name: 'terroir_batches_total',
      help: 'Batches that came to the door, by what became of them.',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    refused: new Counter({
      name: 'terroir_refused_total',
      help: 'Sessions and messages refused, by reason.',
      labelNames: ['code'],
      registers: [registry],
    }),
    appended: new Counter({
      name: 'terroir_log_bytes_total',
      help: 'Bytes of items appended to the log.',
      registers: [registry],
    }),
  };
};
