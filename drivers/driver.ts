import type { Channel } from './channel/channel.js';
import type { Dialect } from './dialect.js';
import type { ProfileIdentity, ProfilePoint, Quirk, RegisterHole } from './profile.js';
import type { Fault, Sample } from './sample.js';

/** What every field protocol offers, whatever it speaks. */
export interface Protocol {
  readonly name: string;
  /** How its buses, addresses and fields are written. */
  readonly dialect: Dialect;
  openBus(settings: BusSettings, deps: BusDeps): Bus;
}

/** One physical line or endpoint, as configured. */
export interface BusSettings {
  /** The bus's key in the configuration. */
  readonly key: string;
  readonly endpoint: Endpoint | ChipEndpoint;
  /** How frames are laid on the line: one of the dialect's names (Modbus: `tcp`, `rtu`, `ascii`). */
  readonly framing: string;
  /** A reply later than this is given up, ms. */
  readonly timeoutMs: number;
  /** No reply later than this after its request is taken for another's (design, I4), ms; at least the timeout. */
  readonly latenessMs: number;
  /** Silence kept between two requests beyond what the protocol asks, ms. */
  readonly pauseMs: number;
}

export type Endpoint =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly type: 'serial';
      readonly path: string;
      readonly baudRate: number;
      readonly dataBits: 7 | 8;
      readonly parity: 'none' | 'even' | 'odd';
      readonly stopBits: 1 | 2;
      /** The line that turns an adapter to sending, set by this program as well as it can; absent: the adapter's job. */
      readonly direction?: 'rts' | 'inverted-rts';
    };

/** A chip of digital inputs, by its name or path: its lines are watched one by one, each by a program. */
export interface ChipEndpoint {
  readonly type: 'gpio';
  readonly chip: string;
}

/** A program whose output is read. Drivers make these; no configuration names one. */
export interface ProgramEndpoint {
  readonly type: 'program';
  readonly program: string;
  readonly parameters: readonly string[];
}

/** What a byte channel may be opened to. */
export type ChannelEndpoint = Endpoint | ChipEndpoint | ProgramEndpoint;

/** Everything outside, handed in. */
export interface BusDeps {
  readonly openChannel: (endpoint: ChannelEndpoint, signal: AbortSignal) => Promise<Channel>;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  readonly delay: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** What must outlive this program, such as the count of pulses; absent: nothing is kept. */
  readonly state?: DurableState;
}

/** Small texts by key, kept through restarts and power cuts. */
export interface DurableState {
  /** Resolves with `undefined` where nothing was kept. */
  get(key: string): Promise<string | undefined>;
  /** Resolves once the text is on the disk. */
  set(key: string, text: string): Promise<void>;
}

/** One open line. It reconnects by itself; calls are serialised in the order they come. */
export interface Bus {
  /**
   * Reads points of one unit. Resolves with one sample or more for each asked point, oldest first; a fault of line
   * or device is a sample with a `fault`, never a rejection. Rejects only when `signal` aborts. Where devices speak
   * unasked it gives what has come since the last read: all of it for points of kind event and interval, the newest
   * for others; where nothing has, it waits for the next telegram up to the timeout.
   */
  read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]>;
  /**
   * Whether this read leaves the line to others while the device measures, so that other units may be read meanwhile;
   * absent: no read does.
   */
  leavesLine?(request: ReadRequest): boolean;
  /**
   * Writes a point that its profile marks writable, and reads it before and after. A fault of line or device is in
   * the result. Rejects with the protocol's error where the point or the value is refused, before anything is sent.
   */
  write?(request: WriteRequest, signal: AbortSignal): Promise<WriteResult>;
  /** What people should know of the open port to make it better, each a sentence that says what to do. */
  hints?(): readonly string[];
  counters(): BusCounters;
  /** What was seen of the unit at an address since the bus was opened; `undefined` where it was never asked. */
  unitCounters(address: string): UnitCounters | undefined;
  close(): Promise<void>;
}

export interface ReadRequest<Point extends ProfilePoint = ProfilePoint> {
  readonly unit: UnitSettings;
  readonly points: readonly Point[];
}

/** One device on a bus and its quirks. */
export interface UnitSettings {
  /** As people write it; the protocol parses it. */
  readonly address: string;
  /** Registers a request may ask for at most, where the protocol has registers. */
  readonly maxRegisters: number;
  /** Never asked for, not even between two points. */
  readonly holes?: readonly RegisterHole[];
  /** Keys of points that are read in one request. */
  readonly groups?: readonly (readonly string[])[];
  readonly quirks?: readonly Quirk[];
  /** Silence that this device needs between its last frame and the next one to it, ms. */
  readonly pauseMs?: number;
  /**
   * What tells that the device at this address is the one that is meant: read before its values are believed, each
   * time the line was opened. All must hold.
   */
  readonly identity?: ProfileIdentity;
  /** The profile's section of the protocol. */
  readonly section?: unknown;
}

export interface WriteRequest<Point extends ProfilePoint = ProfilePoint> {
  readonly unit: UnitSettings;
  readonly point: Point;
  /** In the point's unit, as a read would give it. */
  readonly value: number | bigint | string;
}

export interface WriteResult {
  /** `written`: the device holds the value now. `differs`: it took the request, and holds another value. */
  readonly outcome: 'written' | 'differs' | 'failed';
  readonly before: Sample;
  /** Absent where nothing was sent. */
  readonly after?: Sample;
  /** Of a write that failed. */
  readonly fault?: Fault;
}

export interface BusCounters {
  readonly requests: number;
  readonly ok: number;
  readonly timeouts: number;
  readonly checksumErrors: number;
  readonly exceptions: number;
  readonly lateReplies: number;
  /** Requests that came back to us and were dropped: the adapter hears itself. */
  readonly echoes?: number;
  readonly reconnects: number;
  /** Share of the time since opening in which the line was busy, 0 to 1. */
  readonly load: number;
}

/** Requests to one unit, by outcome, and what was learned of it. */
export interface UnitCounters {
  readonly ok: number;
  readonly timeouts: number;
  readonly checksumErrors: number;
  /** Something else than a sound reply of this unit came. */
  readonly frameErrors: number;
  readonly exceptions: number;
  readonly lateReplies: number;
  readonly echoes: number;
  /** From the last character of a request to the first of its reply, the running mean, ms; `null`: not measured. */
  readonly turnaroundMs: number | null;
  /** A turnaround longer than this is given up, ms. */
  readonly timeoutMs: number;
  /** Stretches of registers that the device was found to refuse. */
  readonly holes: number;
}
