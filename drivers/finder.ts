import type { BusDeps, Endpoint } from './driver.js';
import type { Sample } from './sample.js';
import type { Profile } from './profile.js';

/** Where to look for devices. */
export interface FindTarget {
  readonly endpoint: Endpoint;
  /** One of the dialect's. */
  readonly framing: string;
  /** Speed and format are known: no others are tried. */
  readonly settled: boolean;
}

export interface FindOptions {
  readonly target: FindTarget;
  /** Of this protocol. */
  readonly profiles: readonly Profile[];
  /** Only these, where given; each in its dialect's one form. */
  readonly addresses?: readonly string[];
  /** Go on although somebody speaks on a line that should be silent. */
  readonly force: boolean;
  /** How long to listen before anything is asked; where devices speak unasked, how long to wait for each setting, ms. */
  readonly listenMs: number;
  /** The search for addresses ends after this; those found are recognised all the same, ms. */
  readonly lookMs: number;
}

export interface FinderDeps extends BusDeps {
  readonly progress: (progress: FindProgress) => void;
}

export interface FindProgress {
  readonly phase: 'listening' | 'looking' | 'recognising';
  /** What is tried now. */
  readonly what: string;
  /** Steps, of those that there are; the time left follows from their pace. */
  readonly done: number;
  readonly total: number;
  readonly found: number;
}

/** A profile, and what speaks for it. */
export interface Candidate {
  readonly profile: Profile;
  /** Points whose values fit. */
  readonly fitting: number;
  /** Points that the device does not have, or whose values do not fit. */
  readonly against: number;
  /** The device said that it is of this model. */
  readonly identified: boolean;
  /** Weight of the evidence, in bits, where the protocol weighs it. */
  readonly bits?: number;
}

/** One device that was found. */
export interface FoundDevice {
  /** As a configuration writes it. */
  readonly address: string;
  readonly best?: Candidate;
  /** Whether the evidence for the best is enough to go by. */
  readonly certain: boolean;
  readonly rivals: readonly Candidate[];
  /** What the best profile reads here, to compare with the dial. */
  readonly samples: readonly Sample[];
  /** What it says of itself. */
  readonly says?: string;
}

export interface FindReport {
  /** As it was found to work, or as it was asked for. */
  readonly endpoint: Endpoint;
  readonly framing: string;
  /** Bytes heard while nothing was asked, where the line should be silent then. */
  readonly overheard: number;
  readonly devices: readonly FoundDevice[];
  /** Addresses from which something comes at every try, and never a sound reply. */
  readonly doubtful: readonly string[];
  /** Settings at which something came that is nothing sound (`settingsName`). */
  readonly garbled: readonly string[];
  /** The whole was looked through; `false`: stopped before. */
  readonly complete: boolean;
  readonly notes: readonly string[];
}

/**
 * Looks for the devices of one protocol on a line. Resolves with what was found so far when `signal` aborts or the time
 * is over; rejects with a `FinderError`.
 */
export type Finder = (options: FindOptions, deps: FinderDeps, signal: AbortSignal) => Promise<FindReport>;

/** Why nobody could look. */
export class FinderError extends Error {
  /** `busy`: somebody else speaks on the line. `unreachable`: it cannot be opened. */
  readonly code: 'busy' | 'unreachable';
  readonly retryable = true;

  constructor(code: FinderError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FinderError';
    this.code = code;
  }
}

/** How people name the settings that are tried. */
export const settingsName = (endpoint: Endpoint): string =>
  endpoint.type === 'tcp'
    ? `${endpoint.host}:${endpoint.port}`
    : `${endpoint.baudRate} ${endpoint.dataBits}${endpoint.parity.charAt(0).toUpperCase()}${endpoint.stopBits}`;
