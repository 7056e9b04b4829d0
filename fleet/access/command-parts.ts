import { InvalidArgumentError, type Command } from 'commander';
import type { PersonState } from '../store/people-store.js';
import { AccessError } from './errors.js';
import type { OperatorPeople } from './open-people.js';
import { normaliseLogin } from './passwords.js';

/** What commands about people and programs have in common. */
export interface Common {
  readonly data: string;
  readonly json: boolean;
}

export const commonOptions = (command: Command): Command =>
  command
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false);

export const parseWhole = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('give a whole number.');
  return Number(text);
};

export const personNamed = ({ registry }: OperatorPeople, login: string): PersonState => {
  const person = registry.personByLogin(normaliseLogin(login));
  if (person === undefined) throw new AccessError('not-found', `There is nobody with the login ${login}.`);
  return person;
};

export const resourceOf = ({ id, organisationId }: PersonState) => ({ type: 'person', id, organisationId });
