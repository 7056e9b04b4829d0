const REQUEST_MS = 30_000;

/** The fleet refused a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the API as a person who logged in; rejects with `ApiError` where the fleet refuses. What changes a resource that
 * was read before changes what was read; if it became another meanwhile, the fleet refuses.
 */
export type Ask = (
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
) => Promise<unknown>;

export interface Credentials {
  readonly login: string;
  readonly password: string;
  /** Of the second factor. */
  readonly code?: string;
}

export interface OpenedSession {
  readonly ask: Ask;
  readonly organisationId: string;
}

/** Logs in over HTTP like any program; `path` of what is asked begins behind `/api/v1/`. */
export const openApiSession = async (url: string, login: string, password: string): Promise<Ask> =>
  (await openSessionOf(url, { login, password })).ask;

/** The same, with whom the person acts for. */
export const openSessionOf = async (url: string, credentials: Credentials): Promise<OpenedSession> => {
  let token = '';
  const versions = new Map<string, string>();
  const ask: Ask = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_MS),
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' || method === 'POST' ? {} : { 'if-match': versions.get(path) ?? '*' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new ApiError(response.status, `${reasonOf(text)} (${method} ${path}: ${response.status})`);
    }
    const version = response.headers.get('etag');
    if (version !== null) versions.set(path, version);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
  const opened = (await ask('POST', 'login', { ...credentials })) as Opened;
  if (opened.needs !== null) {
    throw new ApiError(
      403,
      `The session still needs ${opened.needs}: ${NEEDED[opened.needs] ?? 'log in again'}.`,
    );
  }
  ({ token } = opened);
  return { ask, organisationId: opened.organisationId };
};

interface Opened {
  readonly token: string;
  readonly needs: string | null;
  readonly organisationId: string;
}

const NEEDED: Readonly<Record<string, string>> = {
  'new-password': 'choose one in the console',
  'second-factor': 'give its code',
  'second-factor-enrolment': 'set it up in the console',
};

/** What an RFC 9457 problem says; the text itself where it is none. */
const reasonOf = (text: string): string => {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? text;
  } catch {
    return text;
  }
};
