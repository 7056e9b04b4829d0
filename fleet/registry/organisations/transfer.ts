import type { LocationRecord } from '../../store/organisations-store.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { handOver, lastHolding, type HandOver, type HeldThing } from './hand-over.js';
import { requireLiving } from './tree.js';

/** What a transfer names. Devices of a gateway, and locations that are left with none, go along unless `alone`. */
export interface Things {
  readonly gateways?: readonly string[];
  readonly devices?: readonly string[];
  readonly locations?: readonly string[];
  readonly sites?: readonly string[];
}

export interface TransferDeps {
  readonly newId: () => string;
  readonly now: () => number;
}

/** Everything that an organisation holds. */
export const holdingsOf = (draft: Draft, organisationId: string): Required<Things> => {
  const held = (thing: HeldThing): string[] =>
    draft.records(thing, { organisationId, title: 'holder', to: null }).map(({ subjectId }) => subjectId);
  return {
    gateways: held('gatewayHolding'),
    devices: held('holding'),
    locations: held('locationHolding').filter((id) => draft.need('location', id).mergedInto === null),
    sites: held('siteHolding').filter((id) => draft.need('site', id).mergedInto === null),
  };
};

/** The devices that a gateway reads, and the locations that they all leave: what goes along with it. */
export const withCompany = (draft: Draft, things: Things): Required<Things> => {
  const { gateways = [], sites = [] } = things;
  const devices = new Set(things.devices);
  for (const gatewayId of gateways) {
    const { organisationId } = lastHolding(draft, 'gatewayHolding', gatewayId);
    for (const { deviceId } of draft.records('assignment', { gatewayId, to: null })) {
      if (lastHolding(draft, 'holding', deviceId).organisationId === organisationId) devices.add(deviceId);
    }
  }
  const locations = new Set(things.locations);
  for (const deviceId of devices) {
    const { organisationId } = lastHolding(draft, 'holding', deviceId);
    for (const { locationId } of draft.records('installation', { deviceId, to: null })) {
      if (locationId === null) continue;
      const there = draft.records('installation', { locationId, to: null });
      const held = lastHolding(draft, 'locationHolding', locationId).organisationId === organisationId;
      if (held && there.every((other) => devices.has(other.deviceId))) locations.add(locationId);
    }
  }
  return { gateways, devices: [...devices], locations: [...locations], sites };
};

/** Gives these things to another organisation from a date on; drafts one act. */
export const transferThings = (
  draft: Draft,
  things: Required<Things>,
  terms: HandOver,
  { newId, now }: TransferDeps,
): void => {
  requireLiving(draft.need('organisation', terms.to));
  if (terms.past === 'readable' && terms.at > now()) {
    throw new OrganisationError(
      'invalid',
      'past: readable begins with the act, and this date is to come; act on the day, or withhold the past.',
    );
  }
  for (const [thing, ids] of [
    ['gatewayHolding', things.gateways],
    ['holding', things.devices],
    ['locationHolding', things.locations],
    ['siteHolding', things.sites],
  ] as const) {
    for (const id of ids) handOver(draft, thing, id, terms, newId);
  }
  const holder = terms.at <= now() ? { organisationId: terms.to } : {};
  for (const id of things.gateways) draft.put('gateway', { ...draft.need('gateway', id), ...holder });
  for (const id of things.sites) draft.put('site', { ...draft.need('site', id), ...holder });
  for (const id of things.locations) {
    const location = draft.need('location', id);
    draft.put('location', { ...location, key: freeKey(draft, location, terms.to), ...holder });
  }
};

/** The key of a location, or the next one that its new holder has not given. Gateways go on meaning the same one. */
const freeKey = (draft: Draft, { id, key }: LocationRecord, organisationId: string): string => {
  const taken = new Set(
    draft
      .records('locationHolding', { organisationId, title: 'holder', to: null })
      .filter(({ subjectId }) => subjectId !== id)
      .map(({ subjectId }) => draft.need('location', subjectId).key),
  );
  let free = key;
  for (let number = 2; taken.has(free); number += 1) free = `${key}-${number}`;
  return free;
};
