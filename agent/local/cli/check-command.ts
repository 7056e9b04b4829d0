import { check, renderCheck } from '../../twin/check.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface CheckOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

/** Prints what is wrong, or what the configuration amounts to. */
export const checkCommand = ({ config, profiles, json }: CheckOptions, output: Output): number => {
  const report = check(config, profiles);
  printResult(output, report, json, renderCheck);
  return report.ok ? EXIT.done : EXIT.usage;
};
