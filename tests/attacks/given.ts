import type { AgreementDeed } from '../../fleet/sharing/agreement.js';
import type { Terms } from '../../fleet/sharing/terms.js';
import {
  addGateway,
  directoryOf,
  EPOCH,
  point,
  reading,
  T0,
  type FleetOfViews,
} from '../fleet/projections/fleet-of-views.js';

const GATEWAY = 'gatewayddddddddddddd';
/** One device of `b`: what one of its points measures is given to `a`, the other is kept. */
const MIXED = directoryOf(
  point(1, { key: 'given', property: 'flow' }),
  point(2, { key: 'kept', property: 'volume' }),
);

const series = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => reading(first + index, T0 + index * 10_000, index % 5));

type Fleet = Pick<FleetOfViews, 'registry' | 'sendDirectory' | 'send' | 'project'>;

const agree = ({ registry }: Fleet, id: string, property: string, parties: readonly string[]): void => {
  const said = { audience: 'agreement' as const, title: { fr: id }, licence: { key: 'restricted' as const } };
  const content = { selection: { properties: [property] }, ...said };
  registry.putDataset({ id: `dataset-${id}`, organisationId: 'b', revision: 1, content });
  const terms: Terms = {
    title: { fr: id },
    parties: parties.map((organisationId) => ({ organisationId, name: organisationId })),
    clauses: [
      { key: 'c', giver: 'b', dataset: `dataset-${id}`, receivers: 'parties', purposes: ['operations'] },
    ],
    from: 0,
    to: null,
    accession: 'closed',
  };
  const signer = { id: 'p', name: 'P', role: 'owner' };
  const deeds: readonly (readonly [string, AgreementDeed])[] = [
    ['b', { type: 'drafted', terms }],
    ['b', { type: 'proposed' }],
    ...parties.map((party) => [party, { type: 'signed', version: 1, signer }] as const),
  ];
  for (const [number, [organisationId, deed]] of deeds.entries()) {
    registry.appendAgreement(id, number, { at: 1, by: 'p', organisationId, ...deed });
  }
};

/** What `b` gives `a` by an agreement: in both fleets. */
export const addGiven = async (fleet: Fleet): Promise<void> => {
  addGateway(fleet.registry, GATEWAY, 'b');
  agree(fleet, 'agreementgiven000000', 'flow', ['b', 'a']);
  await fleet.sendDirectory(MIXED, GATEWAY);
  const columns = [{ point: 1, readings: series(1, 120) }];
  await fleet.send(MIXED, { content: 'readings', columns }, { source: GATEWAY, epoch: EPOCH, seq: 1 });
  await fleet.project();
};

/** What `b` keeps of the same device, and what it gives to somebody else. */
export const addKept = async (fleet: Fleet): Promise<void> => {
  agree(fleet, 'agreementhidden00000', 'volume', ['b', 'org']);
  const columns = [{ point: 2, readings: series(1001, 80) }];
  await fleet.send(MIXED, { content: 'readings', columns }, { source: GATEWAY, epoch: EPOCH, seq: 2 });
  await fleet.project();
};
