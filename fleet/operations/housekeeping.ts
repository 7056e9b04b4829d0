import { schedule } from 'node-cron';

export interface Chores {
  /** Each minute, on the minute: what is due to change hands does. */
  readonly settle: () => void;
  /** Every hour: sessions that ended go. */
  readonly purge: () => void;
  /** Each day: certificates of gateways that end soon are noted. */
  readonly warn: () => void;
  /** On the first of each month: the broker's certificate, which lives 13 months. */
  readonly renew: () => Promise<void>;
  readonly failed: (chore: string, error: unknown) => void;
}

const EACH_MINUTE = '* * * * *';
const HOURLY = '17 * * * *';
const DAILY = '23 5 * * *';
const MONTHLY = '41 3 1 * *';

/** Does what is due now and then, by UTC: a zone with summer time would skip or repeat an hour. */
export const startHousekeeping = ({
  settle,
  purge,
  warn,
  renew,
  failed,
}: Chores): { stop(): Promise<void> } => {
  const run = (chore: string, work: () => void | Promise<void>) => async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failed(chore, error);
    }
  };
  const tasks = [
    schedule(EACH_MINUTE, run('settle', settle), { timezone: 'UTC' }),
    schedule(HOURLY, run('purge', purge), { timezone: 'UTC' }),
    schedule(DAILY, run('warn', warn), { timezone: 'UTC' }),
    schedule(MONTHLY, run('renew', renew), { timezone: 'UTC' }),
  ];
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy();
    },
  };
};
