import { describe } from 'vitest';
import { room } from './room.js';
import { findsItsMutant, survives } from './short-runs.js';

describe('a buffer that runs out of room', () => {
  survives(room, { cycles: 3, seed: 1 });
  findsItsMutant(room, 'merged-miscounted', { cycles: 3, seed: 1 });
});
