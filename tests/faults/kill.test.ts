import { describe } from 'vitest';
import { kill } from './kill.js';
import { findsItsMutant, survives } from './short-runs.js';

describe('agent and fleet killed at random moments', () => {
  survives(kill, { cycles: 3, seed: 1 });
  findsItsMutant(kill, 'early-append', { cycles: 2, seed: 99 });
});
