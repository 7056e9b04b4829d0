import { describe } from 'vitest';
import { kill } from './kill.js';
import { findsItsMutant, survives } from './short-runs.js';

describe('agent and fleet killed at random moments', () => {
  // both while a batch goes up, then the agent alone just after a commit
  survives(kill, { cycles: 2, seed: 6 });
  findsItsMutant(kill, 'early-append', { cycles: 2, seed: 99 });
});
