import { join } from 'node:path';
import type { Shared } from './sharing.js';
import type { Signatory } from './signatories.js';

interface Settings {
  readonly dataFolder: string;
  readonly httpPort: number;
  readonly restartMs: number;
}

/** What the demonstration says when everybody runs. */
export const welcome = (
  { dataFolder, httpPort, restartMs }: Settings,
  { login, password }: { readonly login: string; readonly password: string },
  fleetPid: number | undefined,
  shared: Shared,
): string => {
  const url = `http://127.0.0.1:${httpPort}`;
  return `
  Terroir runs: three municipalities, three gateways, eighteen simulated devices.

  Console    ${url}/
  Login      ${login}
  Password   ${password}
  API        ${url}/docs

  What to look at
    - the gateways' state and the latest values; ↗ shows a point's curve
    - no loss: kill -9 ${fleetPid} stops the fleet; it comes back after ${restartMs / 1000} s, and /readings has no hole
    - the nearest free spaces in all towns: /api/v1/map?property=free_spaces&near=1.33,47.58&purpose=operations
    - an agent from inside: npx terroir-agent status --config ${join(dataFolder, 'saint-aubin', 'agent.yaml')}
${sharingText(url, shared)}
  Data and logs are in ${dataFolder}. Ctrl-C stops everything.
`;
};

/** Who signed what, and how its viewer takes something back. */
const sharingText = (url: string, { towns, syndicate, parking }: Shared): string => {
  const [giver] = towns;
  const command = (words: string, { loginFile }: Signatory): string =>
    `npx terroir-fleet ${words} --fleet ${url} --login-file ${loginFile}`;
  return `
  Two towns and a syndicate have signed: car parks in common, live; water to the syndicate,
  by day from the first whole one on.
${[...towns, syndicate].map((party) => `    ${party.organisation}: ${party.login} / ${party.password}`).join('\n')}
    - what it says: ${command(`agreement show ${parking}`, syndicate)}
    - the same in the console: sign in as one of them, then “Partage”; “Se retirer” takes it back
    - or: ${giver === undefined ? '' : command(`agreement withdraw ${parking}`, giver)}
      its rows are gone from the others' next answer: said below, and seen at GET /api/v1/points?purpose=operations
`;
};
