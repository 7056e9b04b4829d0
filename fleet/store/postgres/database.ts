import { DatabaseError, Pool as PgPool, types as pgTypes, type CustomTypesConfig, type PoolClient } from 'pg';
import { StoreError } from '../errors.js';

/** The part of pg that the stores call. */
export type Pool = PgPool;
export type Client = PoolClient;
export type Queryable = Pick<PgPool, 'query'>;

export interface PoolOptions {
  /** `postgres://user@host:port/database`, as libpq reads it; `?host=/folder` for a unix socket. */
  readonly url: string;
  /** Where their tables are; `log` unless it says another. */
  readonly schema?: 'log' | 'registry';
  /** Connections at most. */
  readonly connections: number;
  /** Given up after this long, ms; the server gives up on its side too. */
  readonly statementTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** The server had its own limit; where not even its answer comes, the connection is dead. */
const GRACE_MS = 5_000;

/** OID of int8, which pg gives as text: positions and times are whole numbers that a double holds. */
const INT8 = pgTypes.builtins.INT8;
const types: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === INT8 ? (text: string) => Number(text) : pgTypes.getTypeParser(oid, format),
};

/** Opens connections as they are needed. */
export const openPool = ({
  url,
  schema = 'log',
  connections,
  statementTimeoutMs = STATEMENT_TIMEOUT_MS,
}: PoolOptions): Pool => {
  const pool = new PgPool({
    connectionString: url,
    max: connections,
    types,
    application_name: 'terroir-fleet',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + GRACE_MS,
    // a machine that hangs in the middle of a transaction must not hold back every reader
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
    options: `-c search_path=${schema}`,
  });
  // the server went away: the next query opens another connection, and the one under way rejects
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

/** Takes a connection from the pool. Rejects with `StoreError`. */
export const connect = (pool: Pool): Promise<Client> =>
  pool.connect().catch((error: unknown) => {
    throw storeErrorOf(error);
  });

/**
 * Runs `work` in one transaction. After a fault of the database the connection is closed: so whatever it held is let go,
 * also where it hangs. Rejects with `StoreError`.
 */
export const transact = async <Value>(
  pool: Pool,
  work: (client: Client) => Promise<Value>,
): Promise<Value> => {
  const client = await connect(pool);
  try {
    await client.query('begin');
    const value = await work(client);
    await client.query('commit');
    client.release();
    return value;
  } catch (error) {
    client.release(true);
    throw storeErrorOf(error);
  }
};

/** Rows of one statement. Rejects with `StoreError`. */
export const rowsOf = async <Row extends object>(
  queryable: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> => {
  try {
    const { rows } = await queryable.query<Row>(text, [...values]);
    return rows;
  } catch (error) {
    throw storeErrorOf(error);
  }
};

/** SQLSTATE of what a row may break (PostgreSQL, appendix A). */
const VIOLATIONS: Readonly<Record<string, 'unique' | 'foreign-key'>> = {
  23505: 'unique',
  23503: 'foreign-key',
};

/** What a statement that failed would have broken. */
export const violationOf = (error: unknown): 'unique' | 'foreign-key' | undefined => {
  const cause = error instanceof StoreError ? error.cause : error;
  return cause instanceof DatabaseError ? VIOLATIONS[cause.code ?? ''] : undefined;
};

/** How many rows one statement wrote. Rejects with `StoreError`. */
export const changesOf = async (
  queryable: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<number> => {
  try {
    return (await queryable.query(text, [...values])).rowCount ?? 0;
  } catch (error) {
    throw storeErrorOf(error);
  }
};

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A) that pass: connection, transaction rollback (deadlock), resources, operator
 * intervention (restart, time limit).
 */
const PASSING = ['08', '40', '53', '57'];

const storeErrorOf = (error: unknown): StoreError => {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const state = error instanceof DatabaseError ? error.code : undefined;
  // without a state it is the connection that failed, not what was asked
  const retryable = state === undefined || PASSING.includes(state.slice(0, 2));
  return new StoreError('failed', `PostgreSQL: ${text}`, { cause: error, retryable });
};
