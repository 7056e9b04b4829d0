import { describe } from 'vitest';
import { clock } from './clock.js';
import { survives } from './short-runs.js';

describe('clocks that start wrong and jump', () => {
  survives(clock, { cycles: 2, seed: 1 });
});
