import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allTrails } from '../../../fleet/access/audit/all-trails.js';
import { createHeads } from '../../../fleet/access/audit/heads.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { done, openTrail } from './trail-under-test.js';

const README = readFileSync(new URL('../../../fleet/access/README.md', import.meta.url), 'utf8');
const [, LINES = ''] = /```bash\n(jq [^`]*)```/.exec(README) ?? [];

test('the lines of the README verify a signed head with OpenSSL alone, and fail on another', async () => {
  const { folder, registry, audit } = openTrail();
  const authority = await openAuthority(join(folder, 'authority'), { now: Date.now });
  const signer = await authority.issueDocumentSigner({ name: 'Terroir audit' });
  const headsOf = createHeads({ store: allTrails(registry), signer, now: Date.now });
  writeFileSync(join(folder, 'root.pem'), authority.rootPem);
  const run = (jws: string) => {
    writeFileSync(join(folder, 'head.json'), JSON.stringify({ heads: [{ jws }] }));
    return spawnSync('bash', ['-e', '-o', 'pipefail', '-c', LINES], { cwd: folder, encoding: 'utf8' });
  };
  // many signatures: their numbers also begin with zeros and with high bits
  for (let count = 1; count <= 12; count += 1) {
    audit.record(done());
    const [head] = headsOf(['a']);
    const { stdout, stderr, status } = run(head?.jws ?? '');
    expect([status, stdout, status === 0 ? '' : stderr]).toEqual([
      0,
      expect.stringContaining('Verified OK'),
      '',
    ]);
    expect(stdout).toContain(`"root": "${head?.root}"`);
  }
  const [known] = headsOf(['a']);
  const [header, payload = '', signature] = (known?.jws ?? '').split('.');
  const said = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly size: number };
  const other = Buffer.from(JSON.stringify({ ...said, size: said.size - 1 })).toString('base64url');
  const forged = run([header, other, signature].join('.'));
  expect([forged.status, forged.stdout]).toEqual([1, expect.stringContaining('Verification failure')]);
});
