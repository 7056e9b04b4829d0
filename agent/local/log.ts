import { pino } from 'pino';

/** Structured log: an event's name (kebab-case) and its facts; never a secret. */
export interface Log {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Lines of JSON on stderr, so that stdout stays the commands' own. */
export const createLog = (program: string): Log => {
  const logger = pino({ name: program, base: { name: program } }, pino.destination({ dest: 2, sync: true }));
  return {
    info: (event, facts = {}) => logger.info({ event, ...facts }),
    warn: (event, facts = {}) => logger.warn({ event, ...facts }),
    error: (event, facts = {}) => logger.error({ event, ...facts }),
  };
};
