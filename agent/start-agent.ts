import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { createAcquisition, type Acquisition } from './acquisition/acquisition.js';
import type { Buffer } from './buffer/buffer.js';
import { BufferError } from './buffer/buffer-error.js';
import { BUFFER_THREAD_LIMITS, openThreadBuffer } from './buffer/thread-buffer.js';
import type { Clock } from './clock/clock.js';
import { createDeviceTime, type DeviceTime } from './clock/device-time.js';
import { createClock } from './clock/gateway-clock.js';
import { systemTime } from './clock/system-time.js';
import { delay, pause } from './clock/timers.js';
import { openCommandRecord } from './commands/command-record.js';
import { createCommands, type Commands } from './commands/commands.js';
import { createErase } from './commands/erase.js';
import { createRecall } from './commands/recall.js';
import { awaitIdentity, type EnrolmentView } from './identity/await-identity.js';
import { openCertificateKeeper, type CertificateKeeper } from './identity/certificate-keeper.js';
import { postToFleet } from './identity/fleet-request.js';
import type { Identity } from './identity/identity.js';
import type { AgentQuestion } from './local/agent-questions.js';
import { answerQuestion, type AnswerSources } from './local/answer-question.js';
import { bufferPoints } from './local/buffer-points.js';
import { bufferFile, makeDataFolder } from './local/data-folder.js';
import { LocalError } from './local/errors.js';
import type { Log } from './local/log.js';
import { createBusState } from './local/bus-state.js';
import { closeBuses, openBuses } from './local/open-buses.js';
import { builtAt, programVersion } from './local/program-version.js';
import { reportHealth } from './local/health-report.js';
import type { StatusSources } from './local/status-report.js';
import { keepStatusSocket } from './local/keep-status-socket.js';
import { BUFFER_THREAD } from './threads.js';
import type { Configuration } from './twin/configuration.js';
import { buildDirectory } from './twin/directory.js';
import { sealDirectory } from './twin/seal-directory.js';
import { DataBudget } from './uplink/data-budget.js';
import { loadDataUse, saveDataUse } from './uplink/data-use-file.js';
import { certifiedConnect } from './uplink/certified-connect.js';
import { createMqttConnect } from './uplink/mqtt-connection.js';
import { startUplink, type Uplink } from './uplink/uplink.js';

/** A command of the fleet that takes longer has failed. */
const COMMAND_TIMEOUT_MS = 10 * 60_000;

export interface AgentDeps {
  readonly configuration: Configuration;
  readonly log: Log;
}

/** A running agent. */
export interface Agent {
  /** Rejects when the agent cannot go on. */
  readonly failed: Promise<never>;
  /** Resolves where the buffer answers; rejects where it does not in time. */
  readonly alive: () => Promise<void>;
  /** Stops polling, commits what was collected, takes leave of the fleet; within 5 s. */
  stop(): Promise<void>;
}

/** What was started, to be stopped in reverse order. */
class Started {
  readonly #stops: (() => Promise<void> | void)[] = [];

  add(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  async stop(log: Log): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) {
      try {
        await stop();
      } catch (error) {
        log.error('stop-failed', { error: String(error) });
      }
    }
  }
}

/** Opens the buffer in its own thread; without that thread the agent cannot go on. */
const openBuffer = async (
  { configuration, log }: AgentDeps,
  started: Started,
  fail: (cause: unknown) => void,
): Promise<Buffer> => {
  const { dataFolder, buffer } = configuration;
  const worker = new Worker(BUFFER_THREAD, { resourceLimits: BUFFER_THREAD_LIMITS });
  let stopping = false;
  worker.once('exit', (code) => {
    if (!stopping) fail(new Error(`the buffer's thread ended (${code})`));
  });
  const opened = await openThreadBuffer({ path: bufferFile(dataFolder), worker, ...buffer });
  started.add(async () => {
    stopping = true;
    await opened.close();
  });
  if (opened.setAside !== undefined) log.error('buffer-set-aside', { ...opened.setAside });
  return opened;
};

/** Names every point, and tells the buffer which directory its batches are made with. */
const numberPoints = async (
  { configuration }: AgentDeps,
  buffer: Buffer,
): Promise<ReadonlyMap<string, number>> => {
  const numbers = await buffer.definePoints(bufferPoints(configuration));
  const { directory } = await buffer.state();
  const [inUse] = await buffer.directories([directory]);
  const { hash, bytes } = sealDirectory(buildDirectory(configuration, numbers), inUse?.bytes, randomBytes);
  await buffer.useDirectory(hash, bytes);
  return numbers;
};

interface Parts extends AgentDeps {
  readonly clock: Clock;
  readonly buffer: Buffer;
  readonly acquisition: Acquisition;
  /** Of points, by `<device>/<point>`. */
  readonly numbers: ReadonlyMap<string, number>;
}

const openDataBudget = ({ configuration, clock, log }: Parts): DataBudget => {
  const { dataFolder, uplink } = configuration;
  return new DataBudget({
    bytesPerMonth: uplink.bytesPerMonth,
    now: () => clock.now(),
    load: () => loadDataUse(dataFolder),
    save: (use) => {
      try {
        saveDataUse(dataFolder, use);
      } catch (error) {
        log.warn('data-use-not-kept', { error: String(error) });
      }
    },
  });
};

const openCommands = ({ configuration, clock, buffer, numbers }: Parts): Commands =>
  createCommands({
    record: openCommandRecord(configuration.dataFolder),
    handlers: new Map([
      ['recall', createRecall({ buffer, numbers })],
      ['erase', createErase({ buffer })],
    ]),
    now: () => {
      const { state, time } = clock.now();
      return state === 'unsynced' ? undefined : time;
    },
    timeoutMs: COMMAND_TIMEOUT_MS,
  });

/** The gateway's wall clock, UTC ms, while it may be relied upon. */
const knownTimeOf = (clock: Clock) => (): number | undefined => {
  const { state, time } = clock.now();
  return state === 'unsynced' ? undefined : time;
};

const signAs = (buffer: Buffer, { gatewayId, thumbprint, privateKey }: Identity): Promise<void> =>
  buffer.setSigner({ source: gatewayId, certificate: thumbprint, privateKey });

const keepCertificate = (
  { configuration, clock, buffer, log }: Parts,
  renewed: () => void,
): CertificateKeeper =>
  openCertificateKeeper({
    dataFolder: configuration.dataFolder,
    post: postToFleet,
    log,
    knownTime: knownTimeOf(clock),
    monotonic: () => clock.monotonic(),
    random: Math.random,
    pause,
    renewed,
    adopted: (identity) => signAs(buffer, identity),
  });

const connectUplink = async (parts: Parts, keeper: CertificateKeeper): Promise<Uplink> => {
  const { configuration, clock, buffer, acquisition, log } = parts;
  const { uplink } = configuration;
  const budget = openDataBudget(parts);
  const commands = openCommands(parts);
  await signAs(buffer, keeper.inUse);
  const { connect, welcomed } = certifiedConnect(keeper, (identity) =>
    createMqttConnect({
      identity,
      keepaliveS: () => budget.keepaliveS(uplink.keepaliveS),
      knownTime: knownTimeOf(clock),
      now: () => clock.monotonic(),
      count: (bytes) => budget.count(bytes),
    }),
  );
  const started: Uplink = startUplink({
    buffer,
    clock,
    log,
    pause,
    random: Math.random,
    sealMs: uplink.sealMs,
    healthMs: uplink.healthMs,
    retryMs: uplink.retryMs,
    configVersion: configuration.version,
    agentVersion: programVersion(),
    budget,
    command: (command, signal) => commands.run(command, signal),
    connect,
    welcomed,
    health: () => reportHealth({ clock, buffer, acquisition, uplink: () => started.view() }),
  });
  return started;
};

interface FleetSide extends Pick<StatusSources, 'gatewayId' | 'enrolment' | 'uplink'> {
  stop(): Promise<void>;
}

/** Enrols in the background, then keeps the uplink; gives what status shows of both. */
const followFleet = (parts: Parts, fail: (cause: unknown) => void): FleetSide => {
  const { configuration, clock, log } = parts;
  const stopping = new AbortController();
  let gatewayId: string | undefined;
  let uplink: Uplink | undefined;
  const awaited = awaitIdentity(
    {
      dataFolder: configuration.dataFolder,
      log,
      monotonic: () => clock.monotonic(),
      random: Math.random,
      pause,
    },
    stopping.signal,
  );
  let keeper: CertificateKeeper | undefined;
  const connected = awaited.identity
    .then(async (identity) => {
      if (identity === undefined) return;
      ({ gatewayId } = identity);
      keeper = keepCertificate(parts, () => uplink?.reconnect());
      uplink = await connectUplink(parts, keeper);
      await keeper.run(stopping.signal);
    })
    .catch(fail);
  const enrolment = (): EnrolmentView => ({ ...awaited.view(), ...keeper?.view() });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await connected;
    await uplink?.stop();
  };
  return { gatewayId: () => gatewayId, enrolment, uplink: () => uplink?.view(), stop };
};

const startClock = (started: Started, { source }: DeviceTime): Clock => {
  const system = systemTime();
  const clock = createClock({ ...system, sources: [source] });
  started.add(() => {
    clock.stop();
    system.stop();
  });
  return clock;
};

const startAcquisition = async (
  { configuration, log, clock, buffer }: Omit<Parts, 'acquisition' | 'numbers'>,
  deviceTime: DeviceTime,
  started: Started,
): Promise<Pick<Parts, 'acquisition' | 'numbers'>> => {
  const numbers = await numberPoints({ configuration, log }, buffer);
  const buses = openBuses(configuration, clock, createBusState(configuration.dataFolder));
  started.add(() => closeBuses(buses));
  const acquisition = createAcquisition({
    configuration,
    buses,
    buffer,
    clock,
    numbers,
    log,
    delay,
    onLost: (loss) => log.error('readings-lost', { ...loss }),
    onSamples: (device, samples) => deviceTime.hear(device, samples),
  });
  acquisition.start();
  return { acquisition, numbers };
};

const startParts = async (
  deps: AgentDeps,
  started: Started,
  fail: (cause: unknown) => void,
): Promise<AnswerSources> => {
  const { configuration, log } = deps;
  const deviceTime = createDeviceTime(configuration.clockDevice, builtAt());
  const clock = startClock(started, deviceTime);
  const buffer = await openBuffer(deps, started, fail);
  clock.onKnown((known) => {
    const { offsetMs, uncertaintyMs } = known;
    log.info('clock-known', { time: Math.round(clock.monotonic() + offsetMs), uncertaintyMs });
    buffer.synchronise(clock.boot, known).catch((error: unknown) => {
      // the next reading of this boot tells the buffer again
      if (!(error instanceof BufferError && error.retryable)) fail(error);
      else log.warn('synchronise-failed', { code: error.code, error: error.message });
    });
  });
  const measuring = await startAcquisition({ ...deps, clock, buffer }, deviceTime, started);
  const { acquisition, numbers } = measuring;
  const fleet = followFleet({ ...deps, clock, buffer, acquisition, numbers }, fail);
  // Side by side: what was collected must be committed within the time that a stop may take.
  started.add(async () => {
    await Promise.all([acquisition.stop(), fleet.stop()]);
  });
  const { name, version: configVersion } = configuration;
  const status = {
    name,
    agentVersion: programVersion(),
    configVersion,
    clock,
    buffer,
    acquisition,
    ...fleet,
  };
  return { configuration, acquisition, buffer, status, log };
};

/**
 * Starts everything: measuring at once, enrolled or not; the uplink as soon as there is a certificate. Rejects
 * with `LocalError` 'running' where another agent holds the data folder, or with a `BufferError`.
 */
export const startAgent = async (deps: AgentDeps): Promise<Agent> => {
  const { configuration, log } = deps;
  const { dataFolder, name } = configuration;
  makeDataFolder(dataFolder);
  const started = new Started();
  const failure = new AbortController();
  const failed = new Promise<never>((_, reject) => {
    failure.signal.addEventListener('abort', () => reject(failure.signal.reason));
  });
  failed.catch(() => undefined);
  let sources: AnswerSources | undefined;
  const alive = async (): Promise<void> => void (await sources?.status.buffer.state());
  const fail = (cause: unknown): void => failure.abort(cause);
  const answer = async (question: AgentQuestion, signal: AbortSignal): Promise<unknown> => {
    if (sources === undefined) throw new LocalError('silent', 'the agent is starting or stopping');
    return await answerQuestion(sources, question, signal);
  };
  const socket = await keepStatusSocket({
    dataFolder,
    log,
    answer,
    pause,
    retryMs: configuration.buffer.retryMs,
    fail,
  });
  started.add(() => socket.close());
  const stop = async (): Promise<void> => {
    sources = undefined;
    await started.stop(log);
    log.info('stopped');
  };
  try {
    sources = await startParts(deps, started, fail);
  } catch (error) {
    await started.stop(log);
    throw error;
  }
  const points = configuration.devices.reduce((sum, device) => sum + device.points.length, 0);
  log.info('started', { gateway: name, dataFolder, buses: configuration.buses.length, points });
  return { failed, alive, stop };
};
