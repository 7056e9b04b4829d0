import { describe } from 'vitest';
import { power } from './power.js';
import { findsItsMutant, survives } from './short-runs.js';

describe('a power cut that takes what was not synced', () => {
  survives(power, { cycles: 2, seed: 12 });
  findsItsMutant(power, 'synchronous-normal', { cycles: 1, seed: 12 });
});
