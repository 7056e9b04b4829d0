import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { ROLES } from '../../store/people-store.js';
import { AccessError } from '../errors.js';

/** Who is given which place: the first rule whose claim has the value. */
const RULE = Type.Object(
  {
    claim: Type.String({ minLength: 1, description: 'Name of a claim, or its path with dots.' }),
    value: Type.String({ minLength: 1, description: 'What it must be or contain; * for anything.' }),
    organisation: Type.String({ minLength: 1, description: 'Id of the organisation.' }),
    role: Type.Enum([...ROLES]),
  },
  { additionalProperties: false },
);

/** An identity provider as its file describes it (OpenID Connect Core 1.0, authorization code flow). */
export const PROVIDER_SETTINGS = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9-]{3,64}$',
      description:
        'Part of the link to sign in, /#sign-on=<id>. Let it be random where it must not be guessed.',
    }),
    name: Type.String({ minLength: 1, maxLength: 100, description: 'What the button says.' }),
    organisation: Type.String({
      minLength: 1,
      description: 'Id of the organisation whose people it knows: it signs in nobody outside.',
    }),
    issuer: Type.String({ description: 'Issuer identifier; HTTPS, but on loopback.' }),
    clientId: Type.String({ minLength: 1 }),
    clientSecretFile: Type.Optional(
      Type.String({
        description: 'Path; absent: the secret is given when the provider is added, and sealed.',
      }),
    ),
    fleetUrl: Type.String({ description: 'Where browsers find this fleet.' }),
    scopes: Type.Optional(Type.Array(Type.String(), { description: 'Default: openid profile email.' })),
    claims: Type.Optional(
      Type.Enum(['id-token', 'userinfo'], { description: 'Where claims come from; default: id-token.' }),
    ),
    userinfoSigning: Type.Optional(
      Type.String({ description: 'Algorithm, where userinfo is a signed JWT.' }),
    ),
    acrValues: Type.Optional(Type.Array(Type.String(), { description: 'Levels to ask for.' })),
    secondFactor: Type.Optional(
      Type.Object(
        {
          amr: Type.Optional(Type.Array(Type.String())),
          acr: Type.Optional(Type.Array(Type.String())),
        },
        { additionalProperties: false, description: 'Values that prove a second factor at the provider.' },
      ),
    ),
    loginClaim: Type.Optional(Type.String({ description: 'Default: preferred_username, else email.' })),
    listed: Type.Optional(Type.Boolean({ description: 'Show the button to everybody; default: no.' })),
    mapping: Type.Optional(
      Type.Array(RULE, { description: 'Without: only linked or invited people come in.' }),
    ),
  },
  { additionalProperties: false },
);
export type ProviderSettings = Static<typeof PROVIDER_SETTINGS>;

const validator = Compile(PROVIDER_SETTINGS);

/** Throws `AccessError` `bad-request` that names the key. */
export const parseProviderSettings = (value: unknown): ProviderSettings => {
  if (!validator.Check(value)) {
    const [fault] = validator.Errors(value);
    throw new AccessError('bad-request', `${fault?.instancePath ?? ''} ${fault?.message ?? ''}`.trim());
  }
  requireUrl(value.issuer, 'issuer');
  requireUrl(value.fleetUrl, 'fleetUrl');
  return value;
};

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

export const isLoopbackUrl = (url: URL): boolean => LOOPBACK.has(url.hostname);

const requireUrl = (text: string, key: string): void => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackUrl(url));
  if (!secure) {
    throw new AccessError(
      'bad-request',
      `/${key} must be an https:// address (http:// on this machine only).`,
    );
  }
};
