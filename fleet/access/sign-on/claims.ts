import type { Place } from '../accounts.js';
import type { ProviderSettings } from './provider-settings.js';

/** What a provider says of somebody. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** The place that the first matching rule gives; `undefined`: none does. */
export const placeOf = (
  claims: Claims,
  { mapping = [] }: Pick<ProviderSettings, 'mapping'>,
): Place | undefined => {
  const rule = mapping.find(({ claim, value }) =>
    valuesOf(claims, claim).some((one) => value === '*' || one === value),
  );
  return rule === undefined ? undefined : { organisationId: rule.organisation, role: rule.role };
};

/** Whether the provider says that a second factor was used there. */
export const provesSecondFactor = (
  claims: Claims,
  { secondFactor }: Pick<ProviderSettings, 'secondFactor'>,
): boolean => {
  const has = (claim: string, wanted: readonly string[] = []): boolean =>
    valuesOf(claims, claim).some((value) => wanted.includes(value));
  return has('amr', secondFactor?.amr) || has('acr', secondFactor?.acr);
};

/** A login to propose: what the settings name, else the user name, the address, the subject. */
export const loginOf = (claims: Claims, { loginClaim }: Pick<ProviderSettings, 'loginClaim'>): string => {
  const names = loginClaim === undefined ? ['preferred_username', 'email'] : [loginClaim];
  const found = names.flatMap((name) => valuesOf(claims, name)).at(0) ?? claims.sub;
  return (
    found
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}._@+-]/gu, '-')
      .replace(/^[^\p{L}\p{N}]+/u, '')
      .slice(0, 90) || 'agent'
  );
};

export const nameOf = (claims: Claims): string => {
  const parts = ['given_name', 'usual_name', 'family_name'].flatMap((claim) =>
    valuesOf(claims, claim).slice(0, 1),
  );
  return (valuesOf(claims, 'name').at(0) ?? parts.join(' ')).slice(0, 200);
};

/** The texts of a claim, by its name or by a path of names with dots. */
const valuesOf = (claims: Claims, path: string): string[] => {
  const value = Object.hasOwn(claims, path)
    ? claims[path]
    : path.split('.').reduce<unknown>((node, key) => ownValue(node, key), claims);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one): one is string => typeof one === 'string' && one !== '');
};

const ownValue = (node: unknown, key: string): unknown =>
  typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? Object(node)[key] : undefined;
