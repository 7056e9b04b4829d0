import { Command } from 'commander';
import { organisationOf } from '../../access/open-people.js';
import type { OperatorOptions, OperatorOrganisations } from './open-organisations.js';

/** Options of a command that changes what organisations hold. */
export type Acting = OperatorOptions & { readonly dryRun: boolean };

/** A command on the fleet's registry of organisations. */
export const command = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false);

/** A command that changes it, and can be tried first. */
export const acting = (name: string, description: string): Command =>
  command(name, description).option('--dry-run', 'show what would change, change nothing', false);

/** Organisations are named by id, official code or name. */
export const idOf = ({ registry }: OperatorOrganisations, text: string): string =>
  organisationOf(registry.organisations(), text).id;
