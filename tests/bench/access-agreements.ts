import type { AgreementDeed, AgreementEvent } from '../../fleet/sharing/agreement.js';
import type { RegistryStore } from '../../fleet/store/registry-store.js';
import { ORGANISATIONS } from './access-organisations.js';

export const AGREEMENTS = 200;
const PARTIES = 4;
const CLAUSES = 3;

type Store = Pick<RegistryStore, 'putDataset' | 'appendAgreement'>;

const sign = (store: Store, id: string, parties: readonly string[]): void => {
  const [drafter = ''] = parties;
  const clauses = parties.slice(0, CLAUSES).map((giver) => ({
    key: `c-${giver}`,
    giver,
    dataset: `d-${giver}`,
    receivers: 'parties' as const,
    purposes: ['operations' as const],
  }));
  const terms = {
    title: { fr: 'Partage' },
    parties: parties.map((organisationId) => ({ organisationId, name: organisationId })),
    clauses,
    from: 0,
    to: null,
    accession: 'closed' as const,
  };
  const deeds: readonly (readonly [string, AgreementDeed])[] = [
    [drafter, { type: 'drafted', terms }],
    [drafter, { type: 'proposed' }],
    ...parties.map((party) => {
      const signer = { id: 'p', name: 'P', role: 'owner' };
      return [party, { type: 'signed', version: 1, signer }] as const;
    }),
  ];
  for (const [number, [who, deed]] of deeds.entries()) {
    const event: AgreementEvent = { at: 1, by: 'p', organisationId: who, ...deed };
    store.appendAgreement(id, number, event);
  }
};

/** 200 agreements of four municipalities each, three of which give; `guest` is a party of the last `of` of them. */
export const addAgreements = (store: Store, guest: string, of: number): void => {
  for (const { id: organisationId } of ORGANISATIONS) {
    const content = {
      selection: { properties: ['active_power'] },
      audience: 'agreement' as const,
      title: { fr: 'Tout' },
      licence: { key: 'restricted' as const },
    };
    store.putDataset({ id: `d-${organisationId}`, organisationId, revision: 1, content });
  }
  for (let index = 0; index < AGREEMENTS; index += 1) {
    const first = 21 + index * PARTIES;
    const parties = ORGANISATIONS.slice(first, first + PARTIES).map(({ id }) => id);
    const joined = index >= AGREEMENTS - of ? [...parties, guest] : parties;
    sign(store, `agreement${String(index).padStart(4, '0')}`, joined);
  }
};
