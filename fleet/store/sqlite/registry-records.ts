import type { HeldName } from '../organisations-store.js';

/** How rows are found by their holder, and which of them are at the site `@site`: of what is of no site, none. */
export const HELD_TABLES: Readonly<
  Record<HeldName, { readonly holderIndex: string; readonly atSite: string }>
> = {
  site: { holderIndex: 'site_holder', atSite: 't.id = @site' },
  location: { holderIndex: 'location_holder', atSite: 't.site_id = @site' },
  gateway: { holderIndex: 'gateway_holder', atSite: 't.site_id = @site' },
  person: { holderIndex: 'person_organisation', atSite: 'false' },
  key: { holderIndex: 'api_key_organisation', atSite: 'false' },
  invitation: { holderIndex: 'invitation_organisation', atSite: 'false' },
  provider: { holderIndex: 'identity_provider_organisation', atSite: 'false' },
  token: { holderIndex: 'enrolment_token_organisation', atSite: 't.site_id = @site' },
};
