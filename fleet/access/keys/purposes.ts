/** What a program uses data for; part of every key, and of what agreements permit. */
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
  'monitoring',
] as const;
export type Purpose = (typeof PURPOSES)[number];

export const isPurpose = (text: string): text is Purpose => PURPOSES.some((purpose) => purpose === text);
