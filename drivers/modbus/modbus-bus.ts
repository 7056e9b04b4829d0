import type {
  Bus,
  BusCounters,
  ReadRequest,
  UnitCounters,
  UnitSettings,
  WriteRequest,
  WriteResult,
} from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import { isRegisterPoint, type ProfilePoint, type RegisterPoint } from '../profile.js';
import { exchangeRequest } from './exchange-request.js';
import { IdentityGuard } from './identity-guard.js';
import type { Line } from './line.js';
import { ModbusError } from './modbus-error.js';
import {
  createOperations,
  type Answer,
  type DeviceIdentification,
  type Diagnosis,
  type ModbusOperations,
  type ServerId,
} from './operations.js';
import type { ReadCodec } from './read-codec.js';
import { faulty, readUnit, type Samples } from './read-unit.js';
import type { ModbusRequest } from './request.js';
import { Turns } from '../channel/turns.js';
import { parseUnitAddress, type ModbusFraming } from './unit-address.js';

export interface ModbusBusParts {
  readonly line: Line;
  readonly codec: ReadCodec;
  readonly framing: ModbusFraming;
  /** Monotonic ms. */
  readonly now: () => number;
}

const registerPoint = (point: ProfilePoint): RegisterPoint => {
  if (isRegisterPoint(point)) return point;
  throw new ModbusError('point', `point ${point.key} lives in the field ${point.field}, not in registers`);
};

const CLOSED: Fault = { code: 'closed', detail: 'the bus was closed' };

/** One Modbus line as a bus: plans reads, asks for them in turn, decodes what comes. */
export class ModbusBus implements Bus, ModbusOperations {
  readonly #parts: ModbusBusParts;
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  readonly #guard: IdentityGuard;
  readonly #operations: ModbusOperations;
  #stopCurrent: (() => void) | undefined;

  constructor(parts: ModbusBusParts) {
    this.#parts = parts;
    const { line, now } = parts;
    this.#operations = createOperations({
      openings: () => line.openings,
      read: (request, signal) => this.read(request, signal),
      recognise: async (unit, signal) => {
        const fault = await this.#guard.recognise(unit, signal);
        return fault === undefined ? undefined : { fault, at: now() };
      },
      exchange: (unit, request, signal, onOpening) =>
        this.#turns.take(() => this.#exchange(unit, request, signal, onOpening), signal),
    });
    this.#guard = new IdentityGuard({
      openings: () => line.openings,
      isOpen: () => line.isOpen,
      read: (request, signal) => this.#turns.take(() => this.#read(request, signal), signal),
      identify: (unit, signal) => this.identify(unit, signal),
      now,
    });
  }

  /** A unit with an identity is recognised first, each time the line was opened. */
  async read({ unit, points }: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    return this.#guard.read({ unit, points: points.map(registerPoint) }, signal);
  }

  async write({ unit, point, value }: WriteRequest, signal: AbortSignal): Promise<WriteResult> {
    return this.#operations.write({ unit, point: registerPoint(point), value }, signal);
  }

  identify(unit: UnitSettings, signal: AbortSignal): Promise<Answer<DeviceIdentification>> {
    return this.#operations.identify(unit, signal);
  }

  reportServerId(unit: UnitSettings, signal: AbortSignal): Promise<Answer<ServerId>> {
    return this.#operations.reportServerId(unit, signal);
  }

  diagnose(unit: UnitSettings, signal: AbortSignal): Promise<Answer<Diagnosis>> {
    return this.#operations.diagnose(unit, signal);
  }

  readFile(...parameters: Parameters<ModbusOperations['readFile']>): Promise<Answer<Uint8Array>> {
    return this.#operations.readFile(...parameters);
  }

  /** What people should know of the open port to make it better. */
  hints(): readonly string[] {
    return this.#parts.line.hints;
  }

  counters(): BusCounters {
    return this.#parts.line.counters();
  }

  unitCounters(address: string): UnitCounters | undefined {
    const { line, framing } = this.#parts;
    const number = parseUnitAddress(address, framing);
    return number === undefined ? undefined : line.unitCounters(number);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopCurrent?.();
    await this.#turns.idle();
    await this.#parts.line.close();
  }

  async #read({ unit, points }: ReadRequest<RegisterPoint>, signal: AbortSignal): Promise<readonly Sample[]> {
    const { line, codec, now } = this.#parts;
    const address = this.#addressOf(unit);
    if (address === undefined)
      return faulty(points, this.#noAddress(unit), now()).map(([, sample]) => sample);
    const samples: Samples = new Map(faulty(points, CLOSED, now()));
    await this.#untilClosed(
      (scope) => readUnit({ line, codec, address, settings: unit }, points, samples, scope),
      signal,
    );
    return points.flatMap((point) => samples.get(point) ?? []);
  }

  async #exchange<T>(
    unit: UnitSettings,
    request: ModbusRequest<T>,
    signal: AbortSignal,
    onOpening?: number,
  ): Promise<Answer<T>> {
    const address = this.#addressOf(unit);
    if (address === undefined) return { fault: this.#noAddress(unit), at: this.#parts.now() };
    const { line } = this.#parts;
    const answer = await this.#untilClosed(
      (scope) => exchangeRequest(line, address, unit, request, scope, onOpening),
      signal,
    );
    return answer ?? { fault: CLOSED, at: this.#parts.now() };
  }

  #addressOf({ address }: UnitSettings): number | undefined {
    return parseUnitAddress(address, this.#parts.framing);
  }

  #noAddress({ address }: UnitSettings): Fault {
    return { code: 'frame', detail: `"${address}" is no unit address of Modbus ${this.#parts.framing}` };
  }

  /** Runs a task until it ends or the bus is closed (then it gives `undefined`). Rejects when `signal` aborts. */
  async #untilClosed<T>(
    task: (scope: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const scope = new AbortController();
    const stop = () => scope.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    this.#stopCurrent = stop;
    try {
      return this.#closing.signal.aborted ? undefined : await task(scope.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#closing.signal.aborted) throw error;
      return undefined;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#stopCurrent = undefined;
    }
  }
}
