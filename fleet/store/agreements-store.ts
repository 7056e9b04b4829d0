import type { AgreementEvent } from '../sharing/agreement.js';
import type { Dataset } from '../sharing/dataset.js';
import type { Held, Placed } from '../sharing/selection.js';

/** Datasets, and agreements as what happened to them: versions and signatures are made of that (sharing/agreement.ts). */
export interface AgreementsStore {
  /** By id. */
  datasets(): readonly Dataset[];
  dataset(id: string): Dataset | undefined;
  /** Adds it with revision 1, or puts it in the place of the revision before; `false` where that is not what is there. */
  putDataset(dataset: Dataset): boolean;
  /** `false` where it is gone, or of another revision. */
  removeDataset(id: string, revision: number): boolean;
  /** All, by id, each with its events in order. */
  agreements(): readonly StoredAgreement[];
  agreement(id: string): StoredAgreement | undefined;
  /** Appends the event of this number, from 0; `false` where somebody was faster. */
  appendAgreement(id: string, number: number, event: AgreementEvent): boolean;
  /** Where a point was while who held it, by time; `of`: as far as these held it, and nothing of others is read. */
  placements(pointId: string, of?: ReadonlySet<string>): readonly Placed[];
  /** Who held a point when, or may read what others held; the same. */
  heldBy(pointId: string, of?: ReadonlySet<string>): readonly Held[];
  /** Counts changes of agreements, datasets and organisations, by whatever process. */
  policyRevision(): number;
}

export interface StoredAgreement {
  readonly id: string;
  readonly events: readonly AgreementEvent[];
}
