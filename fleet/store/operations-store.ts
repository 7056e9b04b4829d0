/** What happens to gateways, and what they are asked to do. Times are UTC ms. */
export interface OperationsStore {
  /** Notes an event; one of the same kind and detail counts up instead. The oldest of a gateway make room. */
  noteEvent(event: NewEvent): void;
  /** Adds a command for a gateway; of those without a result only so many may wait. `false`: too many do. */
  addCommand(command: NewCommand): boolean;
  /** Commands without a result of gateways that are connected, oldest first, at most 1,000. */
  waitingCommands(now: number): readonly GatewayCommand[];
  /** Commands of a gateway without a result that have not expired, oldest first. */
  pendingCommands(gatewayId: string, now: number): readonly GatewayCommand[];
  /** Notes the result of a command of this gateway, the first one only; `false` where there is no such command. */
  answerCommand(gatewayId: string, id: string, answer: CommandAnswer): boolean;
}

/** What an operator should see: alarms come first. */
export const EVENT_KINDS = [
  'cloned',
  'sequence-backwards',
  'epoch-returned',
  'new-epoch',
  'no-room',
  'certificate-ending',
  'quarantined',
  'resend',
  'enrolled',
  'renewed',
  'renewed-late',
  'renewal-refused',
  'revoked',
  'replaced',
  'successor',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Those that somebody must look at. */
export const ALARMS: ReadonlySet<EventKind> = new Set([
  'cloned',
  'sequence-backwards',
  'epoch-returned',
  'no-room',
  'certificate-ending',
  'renewed-late',
  'renewal-refused',
]);

export interface NewEvent {
  readonly gatewayId: string;
  readonly kind: EventKind;
  readonly detail: string;
  readonly at: number;
}

export interface GatewayEvent {
  readonly kind: EventKind;
  readonly detail: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

export type CommandArguments = Readonly<Record<string, string | number | boolean>>;

export interface NewCommand {
  readonly id: string;
  readonly gatewayId: string;
  readonly name: string;
  readonly arguments: CommandArguments;
  readonly createdAt: number;
  /** Id of the person who asked. */
  readonly createdBy: string;
  readonly expires: number;
}

export interface CommandAnswer {
  readonly outcome: 'done' | 'refused' | 'failed' | 'expired';
  readonly detail: string;
  readonly at: number;
}

export interface GatewayCommand extends NewCommand {
  readonly answer: CommandAnswer | undefined;
}
