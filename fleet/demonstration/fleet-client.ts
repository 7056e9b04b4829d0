import { openApiSession, type Ask } from '../api-session.js';

/** What the demonstration asks of the fleet, over HTTP like any program. */
export interface FleetClient {
  readonly ask: Ask;
  organisations(): Promise<readonly { id: string; parentId: string | null; name: string }[]>;
  addOrganisation(organisation: {
    parentId: string;
    name: string;
    type: 'municipality';
    code: string;
  }): Promise<{ id: string }>;
  enrolmentToken(organisationId: string): Promise<string>;
  /** Adds a site, and says that the organisation's gateways stand there. */
  addSite(site: { organisationId: string; name: string; address: { city: string } }): Promise<void>;
}

const REQUEST_MS = 10_000;

/** Resolves once the fleet answers; rejects when `signal` aborts. */
export const waitForHealth = async (
  url: string,
  delay: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    signal.throwIfAborted();
    const healthy = await fetch(`${url}/api/v1/health`, { signal: AbortSignal.timeout(REQUEST_MS) }).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await delay(100);
  }
};

export const openFleetClient = async (url: string, login: string, password: string): Promise<FleetClient> => {
  const ask = await openApiSession(url, login, password);
  return {
    ask,
    organisations: async () => {
      const page = (await ask('GET', 'organisations?limit=1000')) as {
        items: { id: string; parentId: string | null; name: string }[];
      };
      return page.items;
    },
    addOrganisation: async (organisation) =>
      (await ask('POST', 'organisations', organisation)) as { id: string },
    addSite: async (site) => {
      const { id: siteId } = (await ask('POST', 'sites', site)) as { id: string };
      const { items } = (await ask('GET', 'gateways?limit=1000')) as {
        items: { id: string; organisationId: string }[];
      };
      for (const { id, organisationId } of items) {
        if (organisationId === site.organisationId) await ask('PATCH', `gateways/${id}/place`, { siteId });
      }
    },
    enrolmentToken: async (organisationId) =>
      ((await ask('POST', 'enrolment-tokens', { organisationId })) as { token: string }).token,
  };
};
