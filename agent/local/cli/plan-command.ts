import { readConfiguration } from '../../twin/configuration-file.js';
import { planConfiguration, renderPlan } from '../plan.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface PlanOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

/** Prints the requests of a configuration and the load that they will be. Opens nothing. */
export const planCommand = ({ config, profiles, json }: PlanOptions, output: Output): number => {
  printResult(output, planConfiguration(readConfiguration(config, profiles)), json, renderPlan);
  return EXIT.done;
};
