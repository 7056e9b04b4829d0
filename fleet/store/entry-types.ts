/** What an entry of the log is, by the number that it is stored under. */
export const ENTRY_TYPES = ['batch', 'directory'] as const;
