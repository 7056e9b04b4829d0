import { describe } from 'vitest';
import { power } from './power.js';
import { findsItsMutant, survives } from './short-runs.js';

describe('a power cut that takes what was not synced', () => {
  // both at once, just after a commit of what could not be sent
  survives(power, { cycles: 1, seed: 11 });
  findsItsMutant(power, 'synchronous-normal', { cycles: 1, seed: 12 });
});
