import { describe } from 'vitest';
import { herd } from './herd.js';
import { survives } from './short-runs.js';

describe('many gateways that lose their broker at once', () => {
  survives(herd, { cycles: 1, seed: 1 });
});
