import * as openid from 'openid-client';
import { AccessError } from '../errors.js';
import type { Claims } from './claims.js';
import { isLoopbackUrl, type ProviderSettings } from './provider-settings.js';

/** A provider that can be asked. */
export interface Provider {
  readonly settings: ProviderSettings;
  readonly secret: string;
}

/** What must match when the browser comes back. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** The only place that knows the OpenID library. Rejects with `AccessError` `provider`. */
export interface Openid {
  begin(provider: Provider, redirectUri: string): Promise<{ readonly url: string; readonly checks: Checks }>;
  /** `callbackUrl` as the browser came back, under the redirect address. */
  finish(provider: Provider, callbackUrl: URL, checks: Checks): Promise<Claims>;
}

const TIMEOUT_S = 10;
/** Metadata of a provider is asked for again after this long, ms. */
const METADATA_MS = 3_600_000;

export const createOpenid = (now: () => number): Openid => {
  const known = new Map<string, { readonly at: number; readonly found: Promise<openid.Configuration> }>();
  const configurationOf = (provider: Provider): Promise<openid.Configuration> => {
    const key = JSON.stringify([provider.settings, provider.secret]);
    const cached = known.get(key);
    if (cached !== undefined && cached.at + METADATA_MS > now()) return cached.found;
    const found = discover(provider);
    known.set(key, { at: now(), found });
    // a provider that was away is asked again at the next login
    found.catch(() => known.delete(key));
    return found;
  };
  return {
    begin: (provider, redirectUri) =>
      explained(async () => {
        const configuration = await configurationOf(provider);
        const checks = {
          state: openid.randomState(),
          nonce: openid.randomNonce(),
          verifier: openid.randomPKCECodeVerifier(),
        };
        const { scopes = ['openid', 'profile', 'email'], acrValues = [] } = provider.settings;
        const url = openid.buildAuthorizationUrl(configuration, {
          redirect_uri: redirectUri,
          scope: scopes.join(' '),
          state: checks.state,
          nonce: checks.nonce,
          code_challenge: await openid.calculatePKCECodeChallenge(checks.verifier),
          code_challenge_method: 'S256',
          ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
        });
        return { url: url.href, checks };
      }),
    finish: (provider, callbackUrl, checks) =>
      explained(async () => {
        const configuration = await configurationOf(provider);
        const tokens = await openid.authorizationCodeGrant(configuration, callbackUrl, {
          pkceCodeVerifier: checks.verifier,
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error('no ID token');
        if (provider.settings.claims !== 'userinfo') return claims;
        return { ...claims, ...(await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub)) };
      }),
  };
};

const discover = ({ settings, secret }: Provider): Promise<openid.Configuration> => {
  const issuer = new URL(settings.issuer);
  const metadata =
    settings.userinfoSigning === undefined ? {} : { userinfo_signed_response_alg: settings.userinfoSigning };
  return openid.discovery(issuer, settings.clientId, { client_secret: secret, ...metadata }, undefined, {
    timeout: TIMEOUT_S,
    execute: isLoopbackUrl(issuer) ? [openid.allowInsecureRequests] : [],
  });
};

const explained = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AccessError('provider', `The identity provider did not vouch for you: ${why}.`, 0, { cause });
  }
};
