import { AsyncLocalStorage } from 'node:async_hooks';
import { StoreError } from '../errors.js';
import type { Database } from './database.js';
import type { Asynchronous } from '../asynchronous.js';

/** A transaction that takes longer is rolled back, ms: all others wait for it. */
export const TRANSACTION_MS = 30_000;

export interface Transactions {
  /** Runs `work` in one transaction. Within another one it is a part of that, which fails where it fails. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Tables whose calls wait for a transaction under way, unless they are a part of it. */
  inTurn<Store extends object>(tables: Store): Asynchronous<Store>;
}

interface Transaction {
  state: 'running' | 'ended' | 'overdue';
  /** What a part of it failed with. */
  failure: { readonly error: unknown } | undefined;
}

/**
 * Transactions on one connection, one at a time, the others in the order in which they came. What is called while none
 * runs and none waits is done at once, so what was asked in an order is done in it.
 */
export const createTransactions = (database: Database): Transactions => {
  const own = new AsyncLocalStorage<Transaction>();
  /** Resolves when all that was begun or waits has ended; `undefined`: nothing does. */
  let busy: Promise<void> | undefined;
  const queued = <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    const ran = busy === undefined ? runNow(work) : busy.then(work);
    const ended = ran.then(ignore, ignore).then(() => {
      if (busy === ended) busy = undefined;
    });
    busy = ended;
    return ran;
  };
  const inTurn = (work: () => unknown): Promise<unknown> =>
    busy === undefined || runningOf(own) !== undefined ? runNow(work) : queued(work);
  return {
    together: async (work) => {
      const transaction = runningOf(own);
      return transaction === undefined
        ? queued(() => transact(database, own, work))
        : part(transaction, work);
    },
    inTurn: <Store extends object>(tables: Store): Asynchronous<Store> => {
      const calls = Object.entries<(...given: unknown[]) => unknown>(tables as never);
      return Object.fromEntries(
        calls.map(([name, call]) => [name, (...given: unknown[]) => inTurn(() => call(...given))]),
      ) as Asynchronous<Store>;
    },
  };
};

const ignore = (): void => undefined;

/** Begins at once; what it throws rejects. */
const runNow = async <Result>(work: () => Result | Promise<Result>): Promise<Result> => work();

/** The transaction that the caller is a part of, if it still runs. */
const runningOf = (own: AsyncLocalStorage<Transaction>): Transaction | undefined => {
  const transaction = own.getStore();
  if (transaction?.state === 'overdue') throw overdue();
  return transaction?.state === 'running' ? transaction : undefined;
};

const overdue = (): StoreError =>
  new StoreError('failed', `This transaction took over ${TRANSACTION_MS} ms and was rolled back.`, {
    retryable: true,
  });

const part = async <Result>(transaction: Transaction, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    transaction.failure ??= { error };
    throw error;
  }
};

const transact = async <Result>(
  database: Database,
  own: AsyncLocalStorage<Transaction>,
  work: () => Promise<Result>,
): Promise<Result> => {
  const transaction: Transaction = { state: 'running', failure: undefined };
  database.exec('begin immediate');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      transaction.state = 'overdue';
      reject(overdue());
    }, TRANSACTION_MS);
  });
  try {
    const result = await Promise.race([own.run(transaction, work), late]);
    if (transaction.failure !== undefined) throw transaction.failure.error;
    database.exec('commit');
    return result;
  } catch (error) {
    // a fault of the disk may have ended it already
    if (database.inTransaction) database.exec('rollback');
    throw error;
  } finally {
    clearTimeout(timer);
    if (transaction.state === 'running') transaction.state = 'ended';
  }
};
