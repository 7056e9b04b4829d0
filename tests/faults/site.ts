import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { askStatus } from '../../agent/local/status-socket.js';
import { freePort } from '../../fleet/demonstration/ports.js';
import type { SimulatorFaults } from '../../drivers/simulator/faults.js';
import { eventually } from '../support/eventually.js';
import { enrolInto } from './enrol.js';
import { Held } from './held.js';
import { LinkProxy } from './link-proxy.js';
import { meterDevice, startMeter, type Meter, type MeterLine } from './meter.js';
import { Program, type Programs } from './programs.js';

const START_MS = 120_000;

export interface SiteOptions {
  readonly folder: string;
  readonly programs: Programs;
  readonly interval?: string;
  readonly keepalive?: string;
  /** As the configuration has it; short where how long a gateway waits is not what is judged. */
  readonly retry?: string;
  readonly diskRetry?: string;
  /** How the meter is reached, and what goes wrong there. */
  readonly line?: MeterLine;
  readonly lineFaults?: Partial<SimulatorFaults>;
  /** Called between the enrolment and the agent's first start. */
  readonly enrolled?: () => void | Promise<void>;
  readonly environment?: Readonly<Partial<Record<'agent' | 'fleet', NodeJS.ProcessEnv>>>;
}

/** One life of the agent's process. */
export interface Run {
  readonly startedAt: number;
  endedAt: number | undefined;
  /** Until it answered, ms. */
  startMs: number | undefined;
  /** The buffer's epoch, and how many readings it had confirmed as stored when it was last asked. */
  epoch: string;
  stored: number;
}

/** The part of the agent's status that a fault test reads. */
export interface AgentStatus {
  readonly rssBytes: number;
  readonly clock: { readonly state: string };
  readonly uplink: { readonly state: string; readonly sessions: number } | null;
  readonly buffer: {
    readonly epoch: string;
    readonly firstUnacked: number;
    readonly unackedBatches: number;
    readonly unsealedRows: number;
    readonly lastOrdinal: number;
    readonly walBytes: number;
    readonly fileBytes: number;
    readonly writtenBytes: number;
  };
  readonly readings: { readonly stored: number; readonly pending: number; readonly lost: number };
  readonly buses: readonly { readonly lateReplies: number }[];
}

export interface LedgerRow {
  readonly epoch: string;
  readonly stored: number;
  readonly readings: number;
  readonly declaredLost: number;
  readonly missing: readonly (readonly [number, number])[];
}

/** One gateway with its meter, the link, and its fleet: each a program or a thing that can be broken. */
export class Site {
  readonly meter: Meter;
  readonly proxy: LinkProxy;
  readonly held: Held;
  readonly runs: Run[] = [];
  readonly agentFolder: string;
  readonly fleetFolder: string;
  agent: Program | undefined;
  fleet: Program | undefined;
  readonly #options: SiteOptions;
  readonly #ports: { readonly http: number; readonly mqtt: number };
  readonly #configuration: string;
  #token = '';
  #organisation = '';

  private constructor(
    options: SiteOptions,
    meter: Meter,
    proxy: LinkProxy,
    ports: { readonly http: number; readonly mqtt: number },
  ) {
    this.#options = options;
    this.meter = meter;
    this.proxy = proxy;
    this.#ports = ports;
    this.agentFolder = join(options.folder, 'agent');
    this.fleetFolder = join(options.folder, 'fleet');
    this.#configuration = join(options.folder, 'gateway.yaml');
    this.held = new Held(join(this.fleetFolder, 'log.db'));
  }

  /** Starts a fleet, enrols a gateway, and starts its agent behind the proxy. */
  static async open(options: SiteOptions): Promise<Site> {
    const ports = { http: await freePort(), mqtt: await freePort() };
    const [meter, proxy] = [await startMeter(options.line, options.lineFaults), new LinkProxy(ports.mqtt)];
    await proxy.listen();
    const site = new Site(options, meter, proxy, ports);
    try {
      site.#configure();
      await site.startFleet();
      await site.enrol(site.agentFolder);
      await options.enrolled?.();
      await site.startAgent();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  async startFleet(): Promise<void> {
    const { programs, environment, folder } = this.#options;
    const { http, mqtt } = this.#ports;
    this.fleet = new Program(
      programs.fleet,
      ['serve', '--data', this.fleetFolder, '--http-port', String(http), '--mqtt-host', '127.0.0.1']
        .concat(['--mqtt-port', String(mqtt)])
        .concat(['--first-administrator-file', join(folder, 'administrator.json')]),
      environment?.fleet,
    );
    await this.#upOrDead(this.fleet, async () => {
      const answer = await fetch(`${this.url}/api/v1/health`, { signal: AbortSignal.timeout(5_000) });
      return answer.ok;
    });
  }

  /** Starts the agent; resolves once it answers. */
  async startAgent(): Promise<Run> {
    const { programs, environment } = this.#options;
    const run: Run = { startedAt: Date.now(), endedAt: undefined, startMs: undefined, epoch: '', stored: 0 };
    this.runs.push(run);
    this.agent = new Program(programs.agent, ['run', '--config', this.#configuration], environment?.agent);
    await this.#upOrDead(this.agent, async () => (await this.status()) !== undefined);
    run.startMs = Date.now() - run.startedAt;
    return run;
  }

  /** What the agent says now; notes what it confirms as stored. `undefined` where it does not answer. */
  async status(): Promise<AgentStatus | undefined> {
    const text = await askStatus(this.agentFolder).catch(() => undefined);
    if (text === undefined || text.trim() === '') return undefined;
    const status = JSON.parse(text) as AgentStatus;
    const run = this.runs.at(-1);
    if (run !== undefined && run.endedAt === undefined) {
      run.epoch = status.buffer.epoch;
      run.stored = status.readings.stored;
    }
    return status;
  }

  /** Whether the agent delivers: connected, and not only to learn the time. */
  async delivers(): Promise<boolean> {
    const status = await this.status();
    return status?.uplink?.state === 'connected' && status.clock.state === 'synced';
  }

  async endAgent(signal: NodeJS.Signals): Promise<void> {
    this.agent?.signal(signal);
    await this.agentEnded();
  }

  async agentEnded(): Promise<void> {
    await this.agent?.ended();
    const run = this.runs.at(-1);
    if (run !== undefined) run.endedAt ??= Date.now();
    await this.meter.quiet();
  }

  async endFleet(signal: NodeJS.Signals): Promise<void> {
    await this.fleet?.end(signal);
  }

  /** The ledger of the gateway that measures, as a person sees it. */
  async ledger(): Promise<readonly LedgerRow[]> {
    const identity = readFileSync(join(this.agentFolder, 'identity.json'), 'utf8');
    const { gatewayId } = JSON.parse(identity) as { gatewayId: string };
    return ((await this.#get(`/api/v1/gateways/${gatewayId}`)) as { ledger: readonly LedgerRow[] }).ledger;
  }

  async close(): Promise<void> {
    for (const program of [this.agent, this.fleet])
      if (program?.running === true) await program.end('SIGKILL');
    await this.proxy.close();
    await this.meter.close();
  }

  /** Resolves once `up`; rejects with what it printed where the program ends instead. */
  async #upOrDead(program: Program, up: () => Promise<boolean>): Promise<void> {
    const last = (): string => program.output.slice(-3_000);
    try {
      await eventually(async () => {
        if (await up().catch(() => false)) return true;
        if (!program.running) throw new Error(`a program ended at its start:\n${last()}`);
        return false;
      }, START_MS);
    } catch (cause) {
      throw new Error(`a program does not start:\n${last()}`, { cause });
    }
  }

  #configure(): void {
    const { interval = '200ms', keepalive = '20s', retry = '500ms', diskRetry = '10s' } = this.#options;
    const { line = 'tcp' } = this.#options;
    const patience = line === 'tcp' ? { timeout: '5s' } : { timeout: '300ms', lateness: '3s' };
    mkdirSync(this.#options.folder, { recursive: true });
    const document = {
      gateway: { name: 'faults' },
      data: this.agentFolder,
      buses: { line: { [line]: `127.0.0.1:${this.meter.port}`, ...patience } },
      devices: { meter: meterDevice(interval, line) },
      uplink: { seal: '300ms', health: '5s', keepalive, retry },
      buffer: { retry: diskRetry },
    };
    writeFileSync(this.#configuration, stringify(document));
  }

  /** Enrols a gateway of the top organisation, whose data are in that folder, behind the proxy. */
  async enrol(folder: string): Promise<void> {
    await enrolInto(folder, {
      fleetUrl: this.url,
      token: await this.#claimToken(),
      brokerPort: this.proxy.port,
      ask: async (...question) => this.ask(...question),
    });
  }

  /** A new claim token for a gateway of the top organisation. */
  async #claimToken(): Promise<string> {
    await this.#logIn();
    const body = JSON.stringify({ organisationId: this.#organisation });
    return ((await this.ask('POST', '/api/v1/enrolment-tokens', body)) as { token: string }).token;
  }

  async #logIn(): Promise<void> {
    if (this.#token !== '') return;
    const file = join(this.#options.folder, 'administrator.json');
    // The fleet tells its first login last.
    await eventually(() => existsSync(file), START_MS);
    const login = (await this.ask('POST', '/api/v1/login', readFileSync(file, 'utf8'))) as {
      token: string;
      organisationId: string;
    };
    [this.#token, this.#organisation] = [login.token, login.organisationId];
  }

  #get(path: string): Promise<unknown> {
    return this.ask('GET', path);
  }

  /** Asks the fleet's API as its administrator; gives the answer's document. */
  async ask(method: string, path: string, body?: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(30_000),
      headers: {
        ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
