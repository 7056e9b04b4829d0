import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider, type Configuration } from 'oidc-provider';
import { onTestFinished } from 'vitest';

export const CLIENT_ID = 'terroir';
export const CLIENT_SECRET = 'k3Wv-8sPq_Z1nLxT0bYrE5';

/** What the provider knows of its people; whoever is named next signs in there. */
export interface ProviderUnderTest {
  readonly issuer: string;
  readonly accounts: Map<string, Record<string, unknown>>;
  /** Signs in as this account at the address where the fleet sent the browser; gives where it is sent back to. */
  signIn(authorisationUrl: string, account: string): Promise<URL>;
}

const configurationOf = (accounts: ProviderUnderTest['accounts'], redirectUri: string): Configuration => ({
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
  claims: { openid: ['sub', 'amr'], profile: ['name', 'preferred_username', 'groups'], email: ['email'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['only for this test'] },
  interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
  findAccount: (_context, sub) => {
    const claims = accounts.get(sub);
    return claims === undefined ? undefined : { accountId: sub, claims: () => ({ sub, ...claims }) };
  },
});

/** A real OpenID provider on a port of its own; it asks for nothing but the name of an account. */
export const startProvider = async (fleetUrl: string): Promise<ProviderUnderTest> => {
  const accounts: ProviderUnderTest['accounts'] = new Map();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, configurationOf(accounts, `${fleetUrl}/api/v1/sign-on/callback`));
  const handle = provider.callback();
  server.on('request', (request: IncomingMessage, response) => {
    if (request.url?.startsWith('/sign-in/') !== true) return void handle(request, response);
    void consent(provider, request, response);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { issuer, accounts, signIn: browse };
};

const consent: (
  provider: Provider,
  ...exchange: Parameters<Provider['interactionFinished']> extends [
    infer Request,
    infer Response,
    ...unknown[],
  ]
    ? [Request, Response]
    : never
) => Promise<void> = async (provider, request, response) => {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const account = /(?:^|; )account=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  if (prompt.name === 'login') {
    const result = { login: { accountId: decodeURIComponent(account), amr: ['pwd', 'mfa'] } };
    return provider.interactionFinished(request, response, result);
  }
  const grant = new provider.Grant({
    clientId: String(params['client_id']),
    ...(session === undefined ? {} : { accountId: session.accountId }),
  });
  grant.addOIDCScope(String(params['scope']));
  const grantId = await grant.save();
  return provider.interactionFinished(
    request,
    response,
    { consent: { grantId } },
    { mergeWithLastSubmission: true },
  );
};

/** Follows redirections as a browser does, until they leave the provider. */
const browse: ProviderUnderTest['signIn'] = async (authorisationUrl, account) => {
  const jar = new Map([['account', encodeURIComponent(account)]]);
  const { origin } = new URL(authorisationUrl);
  let url = new URL(authorisationUrl);
  for (let step = 0; step < 12; step += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${url.href}: ${response.status} ${await response.text()}`);
    url = new URL(location, url);
    if (url.origin !== origin) return url;
  }
  throw new Error('redirected without end');
};
