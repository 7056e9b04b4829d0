/** What the console asks of the service; shapes as in /api/v1/openapi.json. */

export interface Organisation {
  id: string;
  name: string;
}

export interface Gateway {
  id: string;
  organisationId: string;
  name: string;
  state: 'new' | 'connected' | 'silent' | 'revoked';
  silentSince: string | null;
  lastSeen: string | null;
  lastError: string | null;
  holes: number;
}

export interface Latest {
  id: string;
  name: string;
  deviceName: string;
  organisationId: string;
  kind: string;
  property: string;
  unit: string;
  dialUnit: string | null;
  time: string;
  value: number | string | null;
  flag: number;
  reason: string;
}

export interface Sample {
  time: string;
  value: number | string | null;
}

/** A reading has a time, a rollup cell a start. */
interface SeriesItem {
  time?: string;
  start?: string;
  value: number | string | null;
}

interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** The service refused: `status` as HTTP gives it. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ask = async <Answer>(path: string, init?: RequestInit): Promise<Answer> => {
  const response = await fetch(`/api/v1/${path}`, init);
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    throw new ApiError(response.status, problem.detail ?? response.statusText);
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer;
};

/** Every page of a listing; `query` begins with `?` or is empty. */
export const all = async <Item>(path: string): Promise<Item[]> => {
  const items: Item[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const place = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Item> = await ask(`${path}?limit=1000${place}`);
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
};

const withPassword = (password: string): object => (password === '' ? {} : { password });

/** What a session still needs before it opens anything. */
export type Need = 'second-factor' | 'second-factor-enrolment' | 'new-password';

export interface SignedIn {
  login: string;
  needs: Need | null;
  organisationId: string;
  role: string;
}

/** A technician's role may hold at one site, or for a time, alone. */
export interface Limit {
  from: string | null;
  to: string | null;
}

export interface Account {
  login: string;
  name: string;
  role: string;
  limit: (Limit & { siteId: string | null }) | null;
  hasPassword: boolean;
  secondFactor: { since: string | null; required: boolean; recoveryCodesLeft: number };
  identities: string[];
}

export interface Session {
  id: string;
  current: boolean;
  lastUsed: string;
  address: string;
  client: string;
}

export interface Key {
  id: string;
  name: string;
  role: string;
  purpose: string;
  expires: string;
  lastUsed: string | null;
  revoked: string | null;
}

export interface Provider {
  id: string;
  name: string;
}

export interface Invitation {
  organisationName: string;
  role: string;
  limit: (Limit & { site: string | null }) | null;
  login: string | null;
  name: string | null;
  reset: boolean;
}

export const send = <Answer>(method: string, path: string, body: object = {}): Promise<Answer> =>
  ask<Answer>(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const api = {
  login: (login: string, password: string, code: string) =>
    send<SignedIn>('POST', 'login', { login, password, ...(code === '' ? {} : { code }) }),
  giveCode: (code: string) => send<SignedIn>('POST', 'login/code', { code }),
  /** Who is logged in here, if anybody, and what the session still needs. */
  session: async () => (await ask<{ person: SignedIn | null }>('session')).person,
  providers: async () => (await ask<{ items: Provider[] }>('sign-on')).items,
  startSignOn: (provider: string, order: { invitation?: string; link?: boolean }) =>
    send<{ url: string }>('POST', `sign-on/${encodeURIComponent(provider)}/start`, order),
  lookAtInvitation: (token: string) => send<Invitation>('POST', 'invitations/look', { token }),
  acceptInvitation: (order: { token: string; login?: string; name?: string; password: string }) =>
    send<SignedIn>('POST', 'invitations/accept', order),
  site: (id: string) => ask<{ name: string }>(`sites/${encodeURIComponent(id)}`),
  account: () => ask<Account>('account'),
  changePassword: (current: string, next: string) =>
    send<SignedIn>('PUT', 'account/password', { current, next }),
  beginSecondFactor: (password: string) =>
    send<{ secret: string; uri: string }>('POST', 'account/second-factor', withPassword(password)),
  confirmSecondFactor: (code: string) =>
    send<{ recoveryCodes: string[]; session: SignedIn }>('POST', 'account/second-factor/confirm', { code }),
  removeSecondFactor: (password: string) =>
    send<undefined>('POST', 'account/second-factor/remove', withPassword(password)),
  renewRecoveryCodes: (password: string) =>
    send<{ recoveryCodes: string[] }>('POST', 'account/recovery-codes', withPassword(password)),
  sessions: async () => (await ask<{ items: Session[] }>('account/sessions')).items,
  endSession: (id: string) => ask<undefined>(`account/sessions/${id}`, { method: 'DELETE' }),
  endOtherSessions: () => ask<undefined>('account/sessions', { method: 'DELETE' }),
  keys: async () => (await ask<{ items: Key[] }>('account/keys')).items,
  createKey: (order: { name: string; role: string; purpose: string }) =>
    send<{ key: string }>('POST', 'account/keys', order),
  revokeKey: (id: string) => ask<undefined>(`account/keys/${id}`, { method: 'DELETE' }),
  logout: () => ask<undefined>('logout', { method: 'POST' }),
  organisations: () => all<Organisation>('organisations'),
  gateways: () => all<Gateway>('gateways'),
  latest: () => all<Latest>('latest'),
  /** Values over time: readings where `resolution` is raw, else rollup cells. */
  curve: async (point: string, from: Date, resolution: string): Promise<Sample[]> => {
    const query = new URLSearchParams({ point, from: from.toISOString(), resolution, limit: '10000' });
    const { items } = await ask<Page<SeriesItem>>(`readings?${query}`);
    return items.map((item) => ({ time: item.time ?? item.start ?? '', value: item.value }));
  },
};
