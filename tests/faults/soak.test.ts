import { describe } from 'vitest';
import { survives } from './short-runs.js';
import { soak } from './soak.js';

describe('a gateway at fifty times its rate', () => {
  survives(soak, { cycles: 3, seed: 1 });
});
