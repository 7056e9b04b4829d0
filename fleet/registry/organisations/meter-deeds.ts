import type {
  AssignmentRecord,
  Indexes,
  InstallationRecord,
  JsonObject,
} from '../../store/organisations-store.js';
import type { MeterReplacement, Revision } from './deeds.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { lastHolding } from './hand-over.js';
import { timeOf } from './time.js';

export interface MeterDeps {
  readonly newId: () => string;
  readonly now: () => number;
}

/**
 * One meter goes, another comes, at a moment: the installation of the one ends with its last index, that of the other
 * begins with its first. The meter that comes is a device of its own, known by its serial number, in the place of the
 * other on its gateway; behind a pulse logger the device stays, and only the installation changes.
 */
export const replaceMeter = (
  draft: Draft,
  asked: MeterReplacement,
  deps: MeterDeps,
): { readonly at: number; readonly summary: JsonObject } => {
  const location = draft.need('location', asked.locationId);
  const { timeZone } = draft.need('organisation', location.organisationId);
  const at = timeOf('at', asked.at, timeZone);
  if (at > deps.now())
    throw new OrganisationError('invalid', 'at: a meter is replaced when it has been, not before.');
  const gone = goneOf(draft, asked);
  if (at <= gone.from) {
    throw new OrganisationError('conflict', 'at: the meter that goes was not there yet; it came later.');
  }
  if (gone.to !== null && at > gone.to) {
    throw new OrganisationError(
      'conflict',
      `at: the meter that goes left on ${new Date(gone.to).toISOString()}.`,
    );
  }
  requireIndexes(draft, gone.deviceId, 'lastIndex', asked.lastIndex);
  requireIndexes(draft, gone.deviceId, 'firstIndex', asked.firstIndex);
  draft.put('installation', { ...gone, to: at, lastIndex: asked.lastIndex ?? gone.lastIndex });
  const comes = comesOf(draft, asked, gone, at, deps);
  draft.put('installation', comes);
  return { at, summary: { location: location.id, goes: gone.id, comes: comes.id, device: comes.deviceId } };
};

/** What the ratio of a past installation should have been: consumption goes by it, the stored values stay. */
export const revise = (draft: Draft, { installationId, revisedRatio }: Revision): void => {
  const installation = draft.need('installation', installationId);
  if (revisedRatio !== null && !(Math.abs(revisedRatio) > 0)) {
    throw new OrganisationError('invalid', 'revisedRatio: must not be 0.');
  }
  draft.put('installation', { ...installation, revisedRatio });
};

/** The installation that ends: the one of the device that is named, or the only one with another serial number. */
const goneOf = (draft: Draft, { locationId, device, serial }: MeterReplacement): InstallationRecord => {
  const there = draft
    .records('installation', { locationId })
    .filter((row) => row.serial !== serial && (device === undefined || isNamed(row, device)));
  const open = there.filter(({ to }) => to === null);
  // the gateway may have told of the new meter before people did
  const newest = there.toSorted((a, b) => b.from - a.from).slice(0, 1);
  const candidates = open.length > 0 ? open : newest;
  const [only, another] = candidates;
  if (only === undefined)
    throw new OrganisationError('unknown', 'No other meter is, or was, installed there.');
  if (another !== undefined) {
    const names = candidates
      .map((row) => `${row.deviceId} (${draft.need('device', row.deviceId).name}, ${serialOf(row)})`)
      .join(', ');
    throw new OrganisationError(
      'invalid',
      `device: several are installed there, name the one that goes: ${names}.`,
    );
  }
  return only;
};

/** People read a serial number off the meter; programs have its id. */
const isNamed = (row: InstallationRecord, device: string): boolean =>
  row.deviceId === device || row.serial === device;

const serialOf = ({ serial }: InstallationRecord): string =>
  serial === null ? 'no serial number' : `serial ${serial}`;

const comesOf = (
  draft: Draft,
  asked: MeterReplacement,
  gone: InstallationRecord,
  at: number,
  deps: MeterDeps,
): InstallationRecord => {
  const { locationId, serial, ratio, offset, pulseWeight, firstIndex = null } = asked;
  const told = draft
    .records('installation', { locationId, serial })
    .find((row) => row.to === null && row.deviceId !== gone.deviceId);
  const given = {
    ...(ratio === undefined ? {} : { ratio }),
    ...(offset === undefined ? {} : { offset }),
    ...(pulseWeight === undefined ? {} : { pulseWeight }),
  };
  if (told !== undefined) return { ...told, ...given, from: at, firstIndex };
  const { ratio: oldRatio, pulseWeight: oldWeight } = gone;
  return {
    id: deps.newId(),
    deviceId: asked.behindLogger === true ? gone.deviceId : newDevice(draft, asked, gone.deviceId, at, deps),
    locationId,
    serial,
    ratio: oldRatio,
    offset: 0,
    pulseWeight: oldWeight,
    ...given,
    revisedRatio: null,
    firstIndex,
    lastIndex: null,
    from: at,
    to: null,
  };
};

const newDevice = (
  draft: Draft,
  { maker, model }: MeterReplacement,
  goneId: string,
  at: number,
  { newId }: MeterDeps,
): string => {
  const gone = draft.need('device', goneId);
  const holding = lastHolding(draft, 'holding', goneId);
  const id = newId();
  draft.put('device', { id, name: gone.name, maker: maker ?? gone.maker, model: model ?? gone.model });
  const { organisationId } = holding;
  draft.put('holding', { id: newId(), subjectId: id, organisationId, from: at, to: null, title: 'holder' });
  const place = draft.records('assignment', { deviceId: goneId, to: null })[0];
  if (place !== undefined) takePlace(draft, place, id, at, newId);
  return id;
};

const takePlace = (
  draft: Draft,
  place: AssignmentRecord,
  deviceId: string,
  at: number,
  newId: () => string,
): void => {
  const { gatewayId, key } = place;
  draft.put('assignment', { ...place, to: at });
  draft.put('assignment', { id: newId(), deviceId, gatewayId, key, from: at, to: null });
};

const requireIndexes = (
  draft: Draft,
  deviceId: string,
  field: string,
  indexes: Indexes | undefined,
): void => {
  const counters = draft.records('point', { deviceId, kind: 'counter' }).map(({ property }) => property);
  const unknown = Object.keys(indexes ?? {}).find((property) => !counters.includes(property));
  if (unknown === undefined) return;
  throw new OrganisationError(
    'invalid',
    `${field}: the meter counts no ${unknown}; it counts: ${[...new Set(counters)].join(', ')}.`,
  );
};
