import { all, api, send, type Latest, type SignedIn } from './api';

/** What the console asks of the service about datasets and agreements; shapes as in /api/v1/openapi.json. */

export type Finest = 'raw' | '1m' | '15m' | '1h' | '1d';
export type Status = 'draft' | 'proposed' | 'signed' | 'in-force' | 'withdrawn' | 'ended';

interface Text {
  fr: string;
  en?: string;
}

export interface Conditions {
  finest?: Finest;
  delayMs?: number;
  area?: number[];
  aggregation?: { contributors: number; maxShare: number };
  from?: number;
  to?: number;
  onwardSharing?: boolean;
}

export interface Dataset {
  id: string;
  organisationId: string;
  audience: 'private' | 'agreement' | 'open';
  title: Text;
  conditions?: Conditions;
}

export interface Clause {
  key: string;
  giver: string;
  dataset: string;
  receivers: 'parties' | string[];
  purposes: string[];
  conditions?: Conditions;
}

export interface Party {
  organisationId: string;
  name: string;
}

export interface Version {
  number: number;
  terms: {
    title: Text;
    text?: Text;
    parties: Party[];
    clauses: Clause[];
    conditions?: Conditions;
    from: number;
    to: number | null;
  };
  signers: string[];
  signatures: { organisationId: string; at: string; name: string }[];
}

export interface Agreement {
  id: string;
  status: Status;
  inForce: number | null;
  open: number | null;
  versions: Version[];
  parties: (Party & { withdrawnAt: string | null })[];
}

export interface Decision {
  outcome: 'permit' | 'permit-reduced' | 'deny';
  own: boolean;
  given: { from: string; to: string; finest: Finest }[];
  clauses: {
    agreementId: string | null;
    clause: string | null;
    datasetId: string;
    gives: boolean;
    limits: string[];
  }[];
}

export interface SharingState {
  person: SignedIn;
  agreements: Agreement[];
  datasets: Dataset[];
  points: Latest[];
}

export const sharingApi = {
  load: async (): Promise<SharingState | undefined> => {
    const [person, agreements, datasets, points] = await Promise.all([
      api.session(),
      all<Agreement>('agreements'),
      all<Dataset>('datasets'),
      api.latest(),
    ]);
    return person === null ? undefined : { person, agreements, datasets, points };
  },
  sign: (id: string, version: number) => send('POST', `agreements/${id}/sign`, { version }),
  withdraw: (id: string, reason: string) =>
    send('POST', `agreements/${id}/withdraw`, reason === '' ? {} : { reason }),
  explain: (asked: { point?: string; dataset?: string; purpose: string; resolution: Finest }) =>
    send<Decision>('POST', 'decisions/explain', asked),
};
