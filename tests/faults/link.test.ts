import { describe } from 'vitest';
import { link } from './link.js';
import { survives } from './short-runs.js';

describe('links that fail in every way', () => {
  survives(link, { cycles: 2, seed: 8 });
});
