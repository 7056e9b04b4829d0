import type { NewCommand } from '../store/operations-store.js';

/** A gateway that is away for longer than this must be asked again. */
const LIFETIME_MS = 7 * 86_400_000;

/** A past period whose raw readings are wanted; times UTC ms, `to` not included. */
export interface RecallRequest {
  readonly gatewayId: string;
  readonly from: number;
  readonly to: number;
  /** `<device>/<point>`; empty: all. */
  readonly points: readonly string[];
}

/** The command that asks a gateway for it. */
export const recallCommandOf = (
  { gatewayId, from, to, points }: RecallRequest,
  made: { readonly id: string; readonly at: number; readonly by: string },
): NewCommand => ({
  id: made.id,
  gatewayId,
  name: 'recall',
  arguments: { from, to, ...(points.length === 0 ? {} : { points: points.join(',') }) },
  createdAt: made.at,
  createdBy: made.by,
  expires: made.at + LIFETIME_MS,
});
