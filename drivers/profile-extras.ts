import { durationMs } from './document/duration.js';
import { nearest } from './document/nearest.js';
import type { Report } from './document/yaml-document.js';
import type { HoleFields, IdentityFields, OverrideFields, PointDefaults } from './profile-fields.js';
import { buildRegister } from './profile-register.js';
import { isRegisterPoint, type Profile, type ProfileIdentity, type RegisterHole } from './profile.js';

/** What surrounds a profile's identity, groups and holes. */
export interface ExtrasContext {
  readonly report: Report;
  readonly defaults: PointDefaults;
  readonly addressBase: number;
}

type Extras = Pick<Profile, 'identity' | 'groups' | 'quirks' | 'holes' | 'pauseMs'>;

const identityOf = (fields: IdentityFields, context: ExtrasContext): ProfileIdentity | undefined => {
  const registers = (fields.registers ?? []).map(({ values, ...place }, index) => {
    const path = ['identity', 'registers', String(index)];
    return { register: buildRegister(place, { ...context, path }), values };
  });
  const { vendor, product } = fields.device ?? {};
  const device = {
    ...(vendor === undefined ? {} : { vendor }),
    ...(product === undefined ? {} : { product }),
  };
  const named = Object.keys(device).length > 0;
  if (registers.length === 0 && !named) {
    context.report(['identity'], 'says nothing: give registers, or what function 43/14 answers as device');
    return undefined;
  }
  return { registers, ...(named ? { device } : {}) };
};

const holeOf = (fields: HoleFields, index: number, context: ExtrasContext): RegisterHole => {
  const first = fields.first - context.addressBase;
  const last = fields.last - context.addressBase;
  if (last < first || first < 0)
    context.report(['holes', String(index)], 'must run from its first register to its last');
  return { table: fields.table ?? context.defaults.table ?? 'holding', first, last };
};

/** What a profile says of its model beside the points: as far as it is said. What is wrong is reported. */
export const buildExtras = (fields: OverrideFields, context: ExtrasContext): Extras => {
  const identity = fields.identity === undefined ? undefined : identityOf(fields.identity, context);
  return {
    ...(identity === undefined ? {} : { identity }),
    ...(fields.groups === undefined ? {} : { groups: fields.groups }),
    ...(fields.quirks === undefined ? {} : { quirks: fields.quirks }),
    ...(fields.holes === undefined
      ? {}
      : { holes: fields.holes.map((hole, index) => holeOf(hole, index, context)) }),
    ...(fields.pause === undefined ? {} : { pauseMs: durationMs(fields.pause) }),
  };
};

/** Groups name points of one table that one request can hold, each in one group only. */
export const checkGroups = (profile: Omit<Profile, 'id' | 'hash'>, report: Report): void => {
  const keys = profile.points.map(({ key }) => key);
  const taken = new Set<string>();
  for (const [index, group] of (profile.groups ?? []).entries()) {
    const path = ['groups', String(index)];
    for (const [place, key] of group.entries()) {
      const at = [...path, String(place)];
      if (!keys.includes(key)) report(at, `there is no point ${key}`, nearest(key, keys));
      if (taken.has(key)) report(at, `${key} is in a group already`);
      taken.add(key);
    }
    const members = profile.points
      .filter(isRegisterPoint)
      .filter(({ key }) => group.includes(key))
      .map(({ register }) => register);
    const first = Math.min(...members.map(({ address }) => address));
    const end = Math.max(...members.map(({ address, length }) => address + length));
    if (new Set(members.map(({ table }) => table)).size > 1) report(path, 'must be of one table');
    else if (members.length > 0 && end - first > profile.maxRegisters) {
      report(path, `spans ${end - first} registers where one request holds ${profile.maxRegisters}`);
    }
  }
};
