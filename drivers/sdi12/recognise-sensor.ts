import type { Candidate } from '../finder.js';
import type { Profile } from '../profile.js';
import { begins, type Identification } from './responses.js';

/** How much of an identification a profile names. */
const told = ({ identity }: Profile): number =>
  `${identity?.device?.vendor ?? ''}${identity?.device?.product ?? ''}`.length;

/** Profiles whose identity a sensor bears, the most telling first. */
export const recogniseSensor = (said: Identification, profiles: readonly Profile[]): readonly Candidate[] =>
  profiles
    .filter(({ identity }) => identity?.device !== undefined)
    .filter(({ identity }) => begins(said.vendor, identity?.device?.vendor))
    .filter(({ identity }) => begins(said.model, identity?.device?.product))
    .toSorted((a, b) => told(b) - told(a))
    .map((profile) => ({ profile, fitting: 0, against: 0, identified: true }));
