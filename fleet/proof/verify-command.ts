import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { Command } from 'commander';
import {
  erasureJson,
  isErasure,
  MAX_ERASURE_BYTES,
  renderErasure,
  verifyErasure,
} from '../erasure/receipt.js';
import { ProofError } from './errors.js';
import { renderVerdict, verdictJson } from './render-verdict.js';
import { verifyProof } from './verify-proof.js';

interface VerifyOptions {
  readonly root: string;
  readonly json: boolean;
}

/** What does not hold, or cannot be read: exit codes. */
const REFUSED = 1;
const UNREADABLE = 2;

/** `terroir-fleet verify`. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description(
      'Check a proof of origin, or the receipt of an erasure, offline, with nothing but the fleet’s root certificate.',
    )
    .argument(
      '<file>',
      'a proof, as terroir-fleet proof or GET /api/v1/points/{id}/proof gives it, or what erase wrote',
    )
    .requiredOption('--root <file>', 'PEM of the root that you trust')
    .option('--json', 'for scripts', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 it holds, 1 it does not (the reason is printed), 2 no such file or root.',
    )
    .action((file: string, { root, json }: VerifyOptions) => {
      const given = readGiven(file, root);
      if (given === undefined) return;
      const { text, holds } = check(given.proof, given.root, json);
      process.stdout.write(text);
      if (!holds) process.exitCode = REFUSED;
    });

interface Checked {
  readonly text: string;
  readonly holds: boolean;
}

const check = (file: Uint8Array, root: X509Certificate, json: boolean): Checked => {
  try {
    if (isErasure(file)) {
      const receipt = verifyErasure(file, root);
      const said = { holds: true, ...erasureJson(receipt) };
      return { text: json ? `${JSON.stringify(said, null, 2)}\n` : renderErasure(receipt), holds: true };
    }
    const verdict = verifyProof(file, root);
    return { text: json ? verdictJson(verdict) : renderVerdict(verdict), holds: true };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return { text: json ? verdictJson(error) : renderVerdict(error), holds: false };
  }
};

const readGiven = (
  file: string,
  root: string,
): { readonly proof: Uint8Array; readonly root: X509Certificate } | undefined => {
  try {
    const certificate = new X509Certificate(readFileSync(root));
    // one byte more than it may have is enough to refuse it
    const size = Math.min(statSync(file).size, MAX_ERASURE_BYTES + 1);
    return { proof: new Uint8Array(readFileSync(file)).subarray(0, size), root: certificate };
  } catch (error) {
    process.stderr.write(`terroir-fleet: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = UNREADABLE;
    return undefined;
  }
};
