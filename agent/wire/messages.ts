import type { ClockState } from './terms.js';

/** Inclusive range of batch numbers. */
export type SeqRange = readonly [first: number, last: number];

/** An epoch whose batches were saved from a file that was set aside. */
export interface EarlierEpoch {
  readonly epoch: string;
  /** Lowest batch without an ack, or the one after the last. */
  readonly firstUnacked: number;
}

/** `up/hello`: sent on each connect, before anything else. */
export interface Hello {
  readonly epoch: string;
  /** Lowest batch without an ack, or `lastSealed + 1`. */
  readonly firstUnacked: number;
  readonly lastSealed: number;
  readonly lastOrdinal: number;
  /** Stored rows that no batch carries yet. */
  readonly unsealed?: number;
  /** Hash of the current directory. */
  readonly directory: Uint8Array;
  readonly configVersion: string;
  readonly agentVersion: string;
  readonly clock: ClockState;
  /** The gateway's wall clock, UTC ms. */
  readonly time: number;
  /** The newest of them. */
  readonly earlier?: readonly EarlierEpoch[];
}

/** `down/welcome`: the answer to a hello. */
export interface Welcome {
  /** The fleet's clock when it answered, UTC ms. */
  readonly time: number;
  /** What the fleet lacks of this epoch though it was acked once (restored from an older backup). */
  readonly resend: readonly SeqRange[];
  /** Directories that the fleet lacks. */
  readonly directories: readonly Uint8Array[];
  /** Desired configuration, if newer than the hello's. */
  readonly desired?: { readonly version: string; readonly document: Uint8Array };
  readonly commands: readonly Command[];
  /**
   * The epoch of the hello went further than the hello says: the gateway's file is an older copy, and must not number
   * on. It begins a new epoch; this is why.
   */
  readonly renew?: string;
}

export interface Quarantined {
  readonly seq: number;
  readonly reason: string;
  /** Other bytes are stored under this number: what the batch holds can come under another. */
  readonly taken?: boolean;
}

/** A batch by its bytes, where its number cannot be told. */
export interface Unreadable {
  /** SHA-256 of the message as sent. */
  readonly hash: Uint8Array;
  readonly reason: string;
  /** Quarantined; else there is no room, and it is postponed. */
  readonly kept: boolean;
}

/** `down/ack`: after the fleet's commit. A quarantined batch is acked as such, never sent again. */
export interface Ack {
  /** Of the batches; absent where only directories are acked. */
  readonly epoch?: string;
  readonly stored: readonly SeqRange[];
  readonly quarantined: readonly Quarantined[];
  /** Directories stored. */
  readonly directories: readonly Uint8Array[];
  /** Batches of this gateway of which not even the number could be read. */
  readonly unreadable?: readonly Unreadable[];
  /** Neither stored nor kept apart, for want of room: the gateway keeps them, and sends them again much later. */
  readonly postponed?: readonly Quarantined[];
}

/** `down/resend`: the fleet lacks these. */
export interface Resend {
  readonly epoch: string;
  readonly batches: readonly SeqRange[];
  readonly directories: readonly Uint8Array[];
}

/** `down/command`. Recorded before it runs; not run after `expires`. */
export interface Command {
  readonly id: string;
  readonly name: string;
  /** UTC ms. */
  readonly expires: number;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
}

/** `up/result` of a command. */
export interface CommandResult {
  readonly id: string;
  readonly outcome: 'done' | 'refused' | 'failed' | 'expired';
  readonly detail: string;
}

/** `up/status`: also the will (`online: false`). */
export interface Status {
  readonly online: boolean;
}

/** `up/health`: now and then. Counters run since the agent's start. */
export interface Health {
  readonly time: number;
  readonly uptimeS: number;
  readonly rssBytes: number;
  readonly buffer: {
    readonly bytes: number;
    readonly unsealed: number;
    readonly unackedBatches: number;
    readonly quarantined: number;
  };
  readonly buses: readonly {
    readonly key: string;
    readonly ok: number;
    readonly timeouts: number;
    readonly errors: number;
  }[];
  /** What the gateway stores on, and what became of it. */
  readonly storage?: {
    /** `disk`, `memory` (the disk cannot be opened) or `refusing` (it takes nothing at the moment). */
    readonly kind: string;
    /** Bytes in use, and of how many. */
    readonly usedBytes: number;
    readonly allowedBytes: number;
    /** How far stored data was thinned for want of room. */
    readonly thinned: string;
    /** Readings that loss records gave up so far. */
    readonly lostReadings: number;
    /** Absent where the system does not tell what is written. */
    readonly writtenBytesPerReading?: number;
    /** Years until the card's endurance is used up at the rate since the start. */
    readonly yearsOfCard?: number;
  };
  /** What the connection to the fleet took this month; a budget of 0: none is set. */
  readonly uplink?: {
    /** UTC, `2026-11`. */
    readonly month: string;
    readonly bytes: number;
    readonly budgetBytes: number;
  };
  readonly lastError?: string;
}
