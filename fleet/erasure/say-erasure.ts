import type { OthersTotal } from './erase-columns.js';

/** What an erasure took, or would take. */
export interface Said {
  readonly dryRun: boolean;
  readonly pointId?: string | undefined;
  readonly organisation?: string | undefined;
  readonly batches: number;
  readonly readings: number;
  readonly windows: number;
  readonly alreadyErased: number;
  /** Of these: what other organisations held. */
  readonly others: readonly OthersTotal[];
  readonly people: number;
  readonly keptApart?: number;
  /** Commands that wait for gateways, and gateways for which too many wait already. */
  readonly gateways?: number;
  readonly notAsked?: readonly string[];
  readonly receipt?: string | undefined;
}

export const saidOf = (
  options: {
    readonly point?: string;
    readonly organisation?: string;
    readonly dryRun: boolean;
    readonly out?: string;
  },
  counts: Omit<Said, 'dryRun' | 'pointId' | 'organisation' | 'receipt'>,
): Said => ({
  dryRun: options.dryRun,
  pointId: options.point,
  organisation: options.organisation,
  batches: counts.batches,
  readings: counts.readings,
  windows: counts.windows,
  alreadyErased: counts.alreadyErased,
  others: counts.others,
  people: counts.people,
  ...(counts.keptApart === undefined ? {} : { keptApart: counts.keptApart }),
  ...(counts.gateways === undefined ? {} : { gateways: counts.gateways }),
  ...(counts.notAsked === undefined ? {} : { notAsked: counts.notAsked }),
  ...(options.dryRun ? {} : { receipt: options.out }),
});

export const say = (json: boolean, said: Said): void => {
  process.stdout.write(json ? `${JSON.stringify(said, null, 2)}\n` : textOf(said));
};

const textOf = (said: Said): string => {
  const { dryRun, readings, windows, batches, alreadyErased, people, keptApart = 0, receipt } = said;
  const { gateways = 0, notAsked = [] } = said;
  const lines = [
    `${dryRun ? 'would erase' : 'erased'} ${readings} readings and ${windows} windows of ${batches} batches`,
    ...said.others.map(
      ({ organisationId, readings: theirs, windows: cells }) =>
        `of these, ${organisationId} held ${theirs} readings and ${cells} windows`,
    ),
    people === 0 ? '' : `${dryRun ? 'would erase' : 'erased'} ${people} people`,
    alreadyErased === 0 ? '' : `${alreadyErased} batches had been erased before`,
    keptApart === 0
      ? ''
      : `${keptApart} messages of the same gateways are kept apart and were not searched: see quarantine`,
    gateways === 0 ? '' : `${gateways} commands wait for gateways, to erase their own history`,
    notAsked.length === 0 ? '' : `too many commands wait already for ${notAsked.join(', ')}: ask again later`,
    receipt === undefined ? '' : `receipt in ${receipt}; check it with terroir-fleet verify`,
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
};
