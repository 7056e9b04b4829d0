import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { parseConfiguration } from '../../../agent/twin/configuration-file.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';

const catalogue = loadCatalogue(packagedCatalogue);
const deps = { catalogue, profile: (id: string) => loadProfile([packagedProfiles], id, catalogue) };

test.each([
  ['mbus', 'itron/cyble', '09011523', '09011523'],
  ['tic', 'enedis/pme-pmi', '000000000001', '000000000001'],
  ['line', 'campbell/sr50a', '07', '07'],
  ['modbus', 'terroir/water-meter', '01', '1'],
])('an address of %s (%s) that is written %s is %s', (protocol, profile, written, address) => {
  const { devices } = parseConfiguration(
    `gateway: { name: x }
buses: { b: { protocol: ${protocol}, tcp: 'h:1' } }
devices: { d: { bus: b, address: ${written}, profile: ${profile} } }
`,
    '/etc/terroir/agent.yaml',
    deps,
  );
  expect(devices[0]).toMatchObject({ address });
});
