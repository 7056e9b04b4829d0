import { describe } from 'vitest';
import { broker } from './broker.js';
import { survives } from './short-runs.js';

describe('a broker killed and wiped', () => {
  survives(broker, { cycles: 1, seed: 1 });
});
