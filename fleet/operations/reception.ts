import type {
  CommandResult,
  EarlierEpoch,
  Health,
  Hello,
  SeqRange,
  Status,
  Welcome,
} from '#wire/messages.js';
import { decodeMessage, encodeMessage } from '#wire/message-codec.js';
import { missingRanges, unionRanges } from '../log/seq-ranges.js';
import type { EpochKeys, LogWriter } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { findEpochFault } from './epoch-watch.js';

/** Ranges named in one welcome, at most: what does not fit is asked for at the next hello. */
const MAX_RANGES = 1000;
/** Earlier epochs of one hello that are looked at: a file is set aside once in years. */
const MAX_EARLIER = 64;
/** What a gateway says of its last error is shown cut to this. */
const MAX_ERROR_TEXT = 300;

export interface ReceptionDeps {
  readonly log: Pick<LogWriter, 'stored' | 'hasDirectory'>;
  readonly registry: Pick<
    RegistryStore,
    'gateway' | 'noteGateway' | 'noteEpoch' | 'noteEvent' | 'pendingCommands' | 'answerCommand'
  >;
  /** Batch numbers of an epoch that loss records cover, as far as the projections have come. */
  readonly declaredLost: (gatewayId: string, epoch: string) => Promise<readonly SeqRange[]>;
  readonly publish: (gatewayId: string, kind: 'welcome' | 'resend', payload: Uint8Array) => Promise<void>;
  readonly now: () => number;
  readonly note: (event: string, gatewayId: string, detail: object) => void;
}

/** What a gateway says of itself: hello, status, health, results. Rejects with `WireError` on a malformed one. */
export interface Reception {
  hello(gatewayId: string, payload: Uint8Array): Promise<void>;
  status(gatewayId: string, payload: Uint8Array): void;
  health(gatewayId: string, payload: Uint8Array): void;
  result(gatewayId: string, payload: Uint8Array): void;
}

export const createReception = (deps: ReceptionDeps): Reception => ({
  hello: async (gatewayId, payload) => {
    const hello: Hello = decodeMessage('hello', payload);
    const { epoch, lastSealed, agentVersion, clock } = hello;
    const here = await deps.log.stored(gatewayId, epoch);
    const renew = watch(deps, gatewayId, hello, here);
    deps.registry.noteGateway(gatewayId, { epoch, agentVersion, clockState: clock });
    const welcome = await welcomeFor(deps, gatewayId, hello, here);
    const answer = { ...welcome, ...(renew === undefined ? {} : { renew }) };
    await deps.publish(gatewayId, 'welcome', encodeMessage('welcome', answer));
    deps.note('hello', gatewayId, { epoch, lastSealed, clock, resend: welcome.resend.length });
    // the gateway takes the time alone while its clock is unset
    if (clock !== 'unsynced') await askForEarlier(deps, gatewayId, hello);
  },
  status: (gatewayId, payload) => {
    const status: Status = decodeMessage('status', payload);
    deps.note('status', gatewayId, { online: status.online });
  },
  health: (gatewayId, payload) => {
    const health: Health = decodeMessage('health', payload);
    const lastError = health.lastError?.slice(0, MAX_ERROR_TEXT) ?? null;
    deps.registry.noteGateway(gatewayId, { health: JSON.stringify(health), lastError });
  },
  result: (gatewayId, payload) => {
    const { id, outcome, detail }: CommandResult = decodeMessage('result', payload);
    const known = deps.registry.answerCommand(gatewayId, id, { outcome, detail, at: deps.now() });
    deps.note('result', gatewayId, { id, outcome, known });
  },
});

/** Notes what the hello says, and what it gives away; gives why the gateway must begin a new epoch, if it must. */
const watch = (deps: ReceptionDeps, gatewayId: string, hello: Hello, here: EpochKeys): string | undefined => {
  const { registry } = deps;
  const { epoch, lastSealed, lastOrdinal, unsealed = null } = hello;
  const at = deps.now();
  const lastEpoch = registry.gateway(gatewayId)?.epoch ?? null;
  const said = registry.noteEpoch(gatewayId, { epoch, at, lastSealed, lastOrdinal, unsealed });
  const highestHere = Math.max(here.stored.at(-1)?.[1] ?? 0, here.quarantined.at(-1) ?? 0);
  const finding = findEpochFault(hello, { lastEpoch, said, highestHere });
  if (finding === undefined) return undefined;
  registry.noteEvent({ gatewayId, at, ...finding });
  deps.note(finding.kind, gatewayId, { detail: finding.detail });
  return finding.kind === 'sequence-backwards' ? finding.detail : undefined;
};

/** Of an epoch: what was acked once and is here no more. Then this fleet was restored from an older backup. */
const lackedOf = async (
  deps: ReceptionDeps,
  gatewayId: string,
  { epoch, firstUnacked }: EarlierEpoch,
  { stored, quarantined }: EpochKeys,
): Promise<readonly SeqRange[]> => {
  const apart = quarantined.map((seq): SeqRange => [seq, seq]);
  const lost = await deps.declaredLost(gatewayId, epoch);
  const answered = unionRanges([...stored, ...apart, ...lost]);
  const lacked = missingRanges(answered, 1, firstUnacked - 1).slice(0, MAX_RANGES);
  const [first] = lacked[0] ?? [];
  if (first !== undefined) {
    const detail = `asked for batches that were acked once, from ${first} of epoch ${epoch} on`;
    deps.registry.noteEvent({ gatewayId, at: deps.now(), kind: 'resend', detail });
  }
  return lacked;
};

/** Asks for what is lacking of epochs that the gateway saved from files that it set aside. */
const askForEarlier = async (
  deps: ReceptionDeps,
  gatewayId: string,
  { earlier = [] }: Hello,
): Promise<void> => {
  for (const each of earlier.slice(0, MAX_EARLIER)) {
    const batches = await lackedOf(deps, gatewayId, each, await deps.log.stored(gatewayId, each.epoch));
    if (batches.length === 0) continue;
    const resend = encodeMessage('resend', { epoch: each.epoch, batches, directories: [] });
    await deps.publish(gatewayId, 'resend', resend);
  }
};

const welcomeFor = async (
  deps: ReceptionDeps,
  gatewayId: string,
  hello: Hello,
  here: EpochKeys,
): Promise<Welcome> => {
  const { directory } = hello;
  // a gateway that has no points yet has no directory
  const knowsDirectory = directory.length === 0 || (await deps.log.hasDirectory(gatewayId, directory));
  const resend = await lackedOf(deps, gatewayId, hello, here);
  const now = deps.now();
  return {
    time: now,
    resend,
    directories: knowsDirectory ? [] : [directory],
    commands: deps.registry
      .pendingCommands(gatewayId, now)
      .map(({ id, name, expires, arguments: given }) => ({ id, name, expires, arguments: given })),
  };
};
