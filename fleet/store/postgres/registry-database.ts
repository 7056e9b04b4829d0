import { AsyncLocalStorage } from 'node:async_hooks';
import { StoreError } from '../errors.js';
import { changesOf, connect, rowsOf, type Client, type Pool, type Queryable } from './database.js';

/** Guards what the registry writes in several statements: one such transaction at a time, as in SQLite. */
const WRITER_LOCK = 7_461_011;

/** A statement whose parameters are `?` in order, or `@name` of one object. Undefined is written as null. */
export interface Statement<Given extends readonly unknown[], Row> {
  all(...given: Given): Promise<readonly Row[]>;
  get(...given: Given): Promise<Row | undefined>;
  /** How many rows it wrote. */
  run(...given: Given): Promise<number>;
  /** The same, where nobody asks how many. */
  put(...given: Given): Promise<void>;
  /** The only column of the rows, rather than them. */
  pluck(): Statement<Given, Row>;
}

/** What the registry's tables are made of; each call goes through the transaction that its caller is a part of, if any. */
export interface RegistryDatabase {
  prepare<Given extends readonly unknown[] = readonly unknown[], Row = object>(
    sql: string,
  ): Statement<Given, Row>;
  /** Runs `work` in one transaction. Within another one it is a part of that, which fails where it fails. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
  /** A function that runs `work` in one. */
  transaction<Given extends readonly unknown[], Result>(
    work: (...given: Given) => Promise<Result>,
  ): (...given: Given) => Promise<Result>;
  /** The same, but where it fails only what `work` did is undone. */
  attempt<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface Transaction {
  readonly client: Client;
  running: boolean;
  /** What a part of it failed with. */
  failure: { readonly error: unknown } | undefined;
  savepoints: number;
}

export const createRegistryDatabase = (pool: Pool): RegistryDatabase => {
  const own = new AsyncLocalStorage<Transaction>();
  const current = (): Transaction | undefined => {
    const transaction = own.getStore();
    return transaction?.running === true ? transaction : undefined;
  };
  const together = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const transaction = current();
    return transaction === undefined ? await transact(pool, own, work) : await part(transaction, work);
  };
  return {
    together,
    attempt: async (work) => {
      const transaction = current();
      return transaction === undefined ? await together(work) : await savepoint(transaction, work);
    },
    transaction:
      (work) =>
      (...given) =>
        together(() => work(...given)),
    prepare: (sql) => prepared(() => current()?.client ?? pool, sql),
  };
};

const prepared = <Given extends readonly unknown[], Row>(
  queryable: () => Queryable,
  sql: string,
): Statement<Given, Row> => {
  const { text, valuesOf } = numbered(sql);
  const statement = (rowOf: (row: object) => unknown): Statement<Given, Row> => {
    const all = async (...given: Given): Promise<readonly Row[]> =>
      (await rowsOf(queryable(), text, valuesOf(given))).map((row) => rowOf(row) as Row);
    const run = (...given: Given) => changesOf(queryable(), text, valuesOf(given));
    return {
      all,
      get: async (...given) => (await all(...given))[0],
      run,
      put: async (...given) => {
        await run(...given);
      },
      pluck: () => statement((row) => Object.values(row)[0]),
    };
  };
  return statement((row) => row);
};

/** PostgreSQL numbers its parameters. */
const numbered = (
  sql: string,
): { readonly text: string; readonly valuesOf: (given: readonly unknown[]) => readonly unknown[] } => {
  const names = [...new Set(Array.from(sql.matchAll(/@(\w+)/g), ([, name = '']) => name))];
  if (names.length > 0) {
    return {
      text: sql.replaceAll(/@(\w+)/g, (_, name: string) => `$${names.indexOf(name) + 1}`),
      valuesOf: ([given]) => names.map((name) => storable(Reflect.get(Object(given), name))),
    };
  }
  let count = 0;
  const text = sql.replaceAll('?', () => `$${(count += 1)}`);
  return { text, valuesOf: (given) => (count === 0 ? [] : given.map(storable)) };
};

/** A text with a NUL is one that PostgreSQL cannot hold: it finds nothing, and is kept with a mark in its place. */
const storable = (value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value;

const part = async <Result>(transaction: Transaction, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    transaction.failure ??= { error };
    throw error;
  }
};

const savepoint = async <Result>(transaction: Transaction, work: () => Promise<Result>): Promise<Result> => {
  const { client, failure } = transaction;
  const name = `attempt_${(transaction.savepoints += 1)}`;
  await client.query(`savepoint ${name}`);
  try {
    return await work();
  } catch (error) {
    await client.query(`rollback to savepoint ${name}`);
    transaction.failure = failure;
    throw error;
  }
};

/** After a statement that failed, a commit is a rollback that says so quietly. */
const commit = async (client: Client): Promise<void> => {
  const { command } = await client.query('commit');
  if (command === 'COMMIT') return;
  throw new StoreError(
    'failed',
    'PostgreSQL: a statement of the transaction had failed: nothing was stored.',
  );
};

const transact = async <Result>(
  pool: Pool,
  own: AsyncLocalStorage<Transaction>,
  work: () => Promise<Result>,
): Promise<Result> => {
  const client = await connect(pool);
  const transaction: Transaction = { client, running: true, failure: undefined, savepoints: 0 };
  try {
    await rowsOf(client, 'begin');
    await rowsOf(client, 'select pg_advisory_xact_lock($1)', [WRITER_LOCK]);
    const result = await own.run(transaction, work);
    if (transaction.failure !== undefined) throw transaction.failure.error;
    await commit(client);
    client.release();
    return result;
  } catch (error) {
    const undone = await client.query('rollback').catch(() => undefined);
    // whatever a connection that does not even answer that held is let go with it
    client.release(undone === undefined);
    throw error;
  } finally {
    transaction.running = false;
  }
};
