import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { parseTime } from '../parse-time.js';
import { operatorScope } from '../operations/operator-scope.js';
import { openAuthority } from '../registry/authority/authority.js';
import { readPassphrase } from '../registry/authority/passphrase.js';
import { newId } from '../registry/new-id.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsReader } from '../store/sqlite/views-reader.js';
import { RECEIPT_SIGNER, receiptSignerOf } from './receipt.js';
import { createProver, PROOF_RESOLUTIONS, type ProofResolution } from './prover.js';

interface ProofOptions {
  readonly at: number;
  readonly out: string;
  readonly resolution: 'raw' | ProofResolution;
  readonly data: string;
  readonly json: boolean;
  readonly caPassphraseFile?: string;
}

/** `terroir-fleet proof`. */
export const proofCommand = (): Command =>
  new Command('proof')
    .description('Write the proof of origin of one reading or window, for anybody to verify offline.')
    .argument('<point>', 'id of the point')
    .requiredOption('--at <time>', 'ISO 8601: the newest reading at or before it', parseTime)
    .requiredOption('--out <file>', 'where to write the proof')
    .addOption(
      new Option('--resolution <period>', 'prove the window that the time lies in')
        .choices(['raw', ...PROOF_RESOLUTIONS])
        .default('raw'),
    )
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--ca-passphrase-file <file>', 'passphrase of the authority’s keys, as for `serve`')
    .action(async (pointId: string, options: ProofOptions) => {
      const proof = await makeProof(resolve(options.data), pointId, options);
      writeFileSync(options.out, proof);
      const { out, json } = options;
      if (json) process.stdout.write(`${JSON.stringify({ proof: out, bytes: proof.length }, null, 2)}\n`);
      else
        process.stdout.write(
          `${options.out}: ${proof.length} bytes; check it with\n` +
            `  terroir-fleet verify ${options.out} --root ${join(options.data, 'authority', 'root.pem')}\n`,
        );
    });

const makeProof = async (
  folder: string,
  pointId: string,
  { at, resolution, caPassphraseFile }: ProofOptions,
): Promise<Uint8Array> => {
  const path = (name: string): string => join(folder, `${name}.db`);
  const passphrase = await readPassphrase(caPassphraseFile, process.env);
  const authority = await openAuthority(join(folder, 'authority'), { now: Date.now, passphrase });
  const registry = openRegistryStore(path('registry'), { newId });
  const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  const log = openLogReader(path('log'));
  try {
    const prover = createProver({
      views,
      log,
      registry,
      issuerOf: (pem) => authority.issuerOf(pem),
      signer: receiptSignerOf(await authority.issueDocumentSigner({ name: RECEIPT_SIGNER })),
      now: Date.now,
    });
    const asked = { scope: operatorScope(registry.organisations()), pointId, at };
    return await (resolution === 'raw' ? prover.reading(asked) : prover.window({ ...asked, resolution }));
  } finally {
    await log.close();
    await views.close();
    registry.close();
  }
};
