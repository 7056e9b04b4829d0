import { ROLES, type Role } from '../store/people-store.js';

/** Who may do an action. What is given to nobody is forbidden. */
export interface ActionRule {
  /** Roles that give it; `everyone`: nobody need be known; `gateway`: a gateway, to itself. */
  readonly to: 'everyone' | 'gateway' | readonly Role[];
  /** It changes something: whoever does it writes it into the audit trail. */
  readonly changes: boolean;
  /** Also for callers on the machine's own loopback address, who have not said who they are. */
  readonly local?: true;
  /** Also for whoever has not said who they are: what is open to everybody. */
  readonly public?: true;
}

const reads = (...to: readonly Role[]): ActionRule => ({ to, changes: false });
/** Anybody reads what is open; of anything else the scope gives a stranger nothing. */
const readsOpenly = (...to: readonly Role[]): ActionRule => ({ to, changes: false, public: true });
const changes = (...to: readonly Role[]): ActionRule => ({ to, changes: true });
const open: ActionRule = { to: 'everyone', changes: false };
const openChange: ActionRule = { to: 'everyone', changes: true };
const ofGateway: ActionRule = { to: 'gateway', changes: false };

/** Everything that can be asked of the fleet, one line an action. A route names one of these, or is not registered. */
export const ACTIONS = {
  'read-console': open,
  'read-documentation': open,
  'read-health': open,
  'learn-methods': open,
  'read-own-session': open,
  'log-in': openChange,
  'log-out': openChange,
  // the session is the permission, also one that still needs something
  'read-own-account': open,
  'change-own-account': openChange,
  // the link is the permission
  'accept-invitation': openChange,
  // the claim token is the permission
  'enrol-gateway': openChange,
  // the signature of the certificate's key is the permission
  'renew-certificate': openChange,

  'read-metrics': { ...reads('owner'), local: true },
  'read-audit': reads('owner', 'operator', 'auditor'),
  'erase-person': changes('owner'),

  'read-people': reads('owner', 'auditor'),
  'manage-people': changes('owner'),
  'manage-keys': changes('owner'),
  // from the command line only
  'manage-sign-on': changes(),

  'read-organisations': reads(...ROLES),
  'add-organisation': changes('owner'),
  'change-organisation': changes('owner'),
  'change-competences': changes('owner'),
  'change-places': changes('owner', 'operator', 'technician'),
  'import-records': changes('owner'),
  'transfer-holdings': changes('owner'),
  'merge-records': changes('owner'),
  'replace-meter': changes('owner', 'operator', 'technician'),
  'revise-installation': changes('owner'),
  'read-acts': reads('owner', 'operator', 'auditor'),
  'undo-act': changes('owner'),

  'read-gateways': reads(...ROLES),
  'read-events': reads(...ROLES),
  'read-commands': reads(...ROLES),
  'issue-enrolment-token': changes('owner', 'operator', 'technician'),
  'read-enrolment-tokens': reads('owner', 'operator', 'technician'),
  'revoke-enrolment-token': changes('owner', 'operator', 'technician'),
  'read-enrolment-claims': reads('owner', 'operator', 'technician'),
  'decide-enrolment-claim': changes('owner', 'operator'),
  'revoke-gateway': changes('owner', 'operator'),
  'replace-gateway': changes('owner', 'operator'),
  // for whoever has a shell on the machine alone
  'care-for-authority': changes(),
  'recall-readings': changes('owner', 'operator'),

  // for whoever has a shell on the machine alone: it needs the service stopped
  'erase-readings': changes(),

  'read-inventory': reads(...ROLES),
  'read-data': readsOpenly(...ROLES),
  'prove-data': reads(...ROLES),

  'read-datasets': readsOpenly(...ROLES),
  'read-catalogue': readsOpenly(...ROLES),
  'manage-datasets': changes('owner', 'operator'),
  'read-agreements': reads(...ROLES),
  'explain-decision': reads(...ROLES),
  'read-usage': reads('owner', 'operator', 'auditor'),
  'negotiate-agreement': changes('owner', 'operator'),
  'sign-agreement': changes('owner'),

  // topics: what a gateway sends, and that it hears what is meant for it
  'send-batch': ofGateway,
  'send-directory': ofGateway,
  'send-hello': ofGateway,
  'send-status': ofGateway,
  'send-health': ofGateway,
  'send-result': ofGateway,
  'hear-fleet': ofGateway,
} satisfies Readonly<Record<string, ActionRule>>;

export type Action = keyof typeof ACTIONS;

/** The rule of an action; `undefined` for a text that names none. */
export const ruleOf = (action: string): ActionRule | undefined => RULES.get(action);

const RULES: ReadonlyMap<string, ActionRule> = new Map(Object.entries(ACTIONS));

export const isAction = (text: string): text is Action => RULES.has(text);
