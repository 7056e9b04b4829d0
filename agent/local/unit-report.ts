import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { BusWorkerCounters } from '../acquisition/bus-worker.js';

/** Requests to one device since the start, by outcome, and what was learned of it. */
export const UnitReport = Type.Object({
  device: Type.String(),
  /** `closed`: polled as configured; `open` and `half-open`: left alone but for probes. */
  breaker: Type.String(),
  ok: Type.Number(),
  timeouts: Type.Number(),
  checksumErrors: Type.Number(),
  frameErrors: Type.Number(),
  exceptions: Type.Number(),
  lateReplies: Type.Number(),
  echoes: Type.Number(),
  turnaroundMs: Type.Union([Type.Number(), Type.Null()]),
  /** Stretches of registers that the device refuses. */
  holes: Type.Number(),
});
export type UnitReport = Static<typeof UnitReport>;

/** The devices of one bus; one that was not asked yet has none of the counters. */
export const unitReports = (polls: Pick<BusWorkerCounters, 'devices'>): UnitReport[] =>
  [...polls.devices].map(([device, { breaker, unit }]) => ({
    device,
    breaker,
    ok: unit?.ok ?? 0,
    timeouts: unit?.timeouts ?? 0,
    checksumErrors: unit?.checksumErrors ?? 0,
    frameErrors: unit?.frameErrors ?? 0,
    exceptions: unit?.exceptions ?? 0,
    lateReplies: unit?.lateReplies ?? 0,
    echoes: unit?.echoes ?? 0,
    turnaroundMs: unit?.turnaroundMs ?? null,
    holes: unit?.holes ?? 0,
  }));
