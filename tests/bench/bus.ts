import { measureFaults } from './bus-faults.js';
import { measureDeadUnits, measureLine } from './bus-line.js';
import { measureTcp } from './bus-tcp.js';

/** What each figure is taken from stands beside its function. About four minutes; `readings` are the faulty polls. */
export const run = async ({ readings }: { readonly readings?: number }): Promise<Record<string, number>> => ({
  ...(await measureLine()),
  ...(await measureDeadUnits()),
  ...(await measureFaults(readings)),
  ...(await measureTcp()),
});
