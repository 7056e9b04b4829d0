/**
 * What data is used for; part of every key, and of what agreements permit. `operations`: running a public service;
 * `public-information`: telling citizens.
 */
export const PURPOSES = [
  'operations',
  'energy-management',
  'water-management',
  'public-information',
  'open-data',
  'billing',
  'regulatory-reporting',
  'planning',
  'research',
  'statistics',
  'commercial-reuse',
  'monitoring',
] as const;
export type Purpose = (typeof PURPOSES)[number];

export const isPurpose = (text: string): text is Purpose => PURPOSES.some((purpose) => purpose === text);
