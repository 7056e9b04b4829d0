import { describe } from 'vitest';
import { disk } from './disk.js';
import { survives } from './short-runs.js';

describe('a disk that is full, read-only or broken for a while', () => {
  survives(disk, { cycles: 3, seed: 1 });
});
