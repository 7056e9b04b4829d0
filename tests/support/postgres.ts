import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { eventually } from './eventually.js';

const run = promisify(execFile);

const PATIENCE_MS = 120_000;
const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';

/** Folder of the newest server's programs: Debian does not put them on the path. */
const programs = (): string | undefined => {
  const versions = existsSync(VERSIONS)
    ? readdirSync(VERSIONS).toSorted((a, b) => Number(a) - Number(b))
    : [];
  const newest = versions.at(-1);
  const folder = newest === undefined ? undefined : join(VERSIONS, newest, 'bin');
  return folder !== undefined && existsSync(join(folder, 'postgres')) ? folder : undefined;
};

/** Whether tests can start a server; under `CI` its lack is a failure. */
export const postgresAvailable = (): boolean => {
  if (programs() !== undefined) return true;
  if (process.env['CI']) throw new Error('postgresql is not installed, and no test may be skipped here');
  console.warn('skipped: postgresql is not installed');
  return false;
};

/** A server in a folder of its own, reached over a socket in that folder and by nothing else. */
export class PostgresServer {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #databases = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'terroir-pg-'));
    const server = new PostgresServer(folder);
    try {
      await server.#initialise();
      await server.#launch();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A new database, empty. */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.asAdministrator(`create database ${name}`);
    return this.#url(name);
  }

  /** Runs one statement in a connection of its own. */
  async asAdministrator(statement: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.#url('postgres') });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(statement);
      return rows;
    } finally {
      await client.end();
    }
  }

  /** Ends it as a power cut of its machine would, with what it had open, and starts it again. */
  async crash(): Promise<void> {
    await this.#end('SIGQUIT');
    await this.#launch();
  }

  async stop(): Promise<void> {
    await this.#end('SIGQUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #url(database: string): string {
    return `postgres://${USER}@/${database}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** The server refuses to run as root: there it is started as the user of its package. It ends with this process. */
  #command(program: string, parameters: readonly string[]): [string, string[]] {
    const folder = programs();
    if (folder === undefined) throw new Error('postgresql is not installed');
    const path = join(folder, program);
    if (process.getuid?.() !== 0) return ['setpriv', ['--pdeathsig', 'QUIT', path, ...parameters]];
    const as = ['--reuid', USER, '--regid', USER, '--clear-groups', '--pdeathsig', 'QUIT'];
    return ['setpriv', [...as, path, ...parameters]];
  }

  async #initialise(): Promise<void> {
    if (process.getuid?.() === 0) {
      const { stdout } = await run('id', ['-u', USER]);
      chownSync(this.#folder, Number(stdout), -1);
    }
    const place = ['-D', join(this.#folder, 'data'), '-U', USER, '-A', 'trust', '-E', 'UTF8', '--no-locale'];
    const [program, parameters] = this.#command('initdb', [...place, '--no-sync']);
    await run(program, parameters, { cwd: this.#folder });
  }

  async #launch(): Promise<void> {
    const settings = ['listen_addresses=', `unix_socket_directories=${this.#folder}`, 'max_connections=60'];
    const [program, parameters] = this.#command('postgres', [
      '-D',
      join(this.#folder, 'data'),
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
    const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.#folder });
    this.#child = child;
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`postgres does not start:\n${output}`);
      return this.asAdministrator('select 1').then(
        () => true,
        () => false,
      );
    }, PATIENCE_MS);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }
}

/** A server for the tests of a file, or of a `describe`; gives a function that hands it out. */
export const usePostgres = (): (() => PostgresServer) => {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, PATIENCE_MS);
  afterAll(async () => {
    await server?.stop();
  });
  return () => {
    if (server === undefined) throw new Error('the server is started before the first test');
    return server;
  };
};
