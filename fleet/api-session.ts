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

/** Asks the API as a person who logged in; rejects with `ApiError` where the fleet refuses. */
export type Ask = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => Promise<unknown>;

/** Logs in over HTTP like any program; `path` of what is asked begins behind `/api/v1/`. */
export const openApiSession = async (url: string, login: string, password: string): Promise<Ask> => {
  let token = '';
  const ask: Ask = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_MS),
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'PATCH' ? { 'if-match': '*' } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new ApiError(response.status, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  ({ token } = (await ask('POST', 'login', { login, password })) as { token: string });
  return ask;
};
