import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { replaceFile } from '../identity/durable-file.js';
import type { MonthlyUse } from './data-budget.js';

const Use = Type.Object({
  month: Type.String({ pattern: '^([0-9]{4}-[0-9]{2})?$' }),
  bytes: Type.Integer({ minimum: 0 }),
});

const pathOf = (dataFolder: string): string => join(dataFolder, 'data-use.json');

/** What the uplink took this month, as the last run kept it; `undefined` where nothing can be read. */
export const loadDataUse = (dataFolder: string): MonthlyUse | undefined => {
  try {
    const document: unknown = JSON.parse(readFileSync(pathOf(dataFolder), 'utf8'));
    return Value.Check(Use, document) ? document : undefined;
  } catch {
    return undefined;
  }
};

/** Throws what the disk says. */
export const saveDataUse = (dataFolder: string, use: MonthlyUse): void =>
  replaceFile(pathOf(dataFolder), `${JSON.stringify(use)}\n`);
