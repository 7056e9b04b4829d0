import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { readCertificatePem } from '../store/sqlite/registry-certificate.js';
import { inspectBatch } from './inspect.js';
import { renderInspection, toJson } from './render-inspection.js';

interface InspectOptions {
  readonly data: string;
  readonly position?: number;
  readonly certificate?: string;
  readonly save?: string;
  readonly json: boolean;
}

/** `terroir-fleet inspect`. */
export const inspectCommand = (): Command =>
  new Command('inspect')
    .description('Print a captured batch and verify its signature, offline.')
    .argument('[file]', 'payload of an up/batch message')
    .option('--position <n>', 'take the entry of this position from the log instead', parsePosition)
    .option('--data <folder>', 'the fleet’s data: its log, and its gateways’ certificates', './fleet-data')
    .option('--certificate <file>', 'PEM certificate of the signer, where the fleet’s data is elsewhere')
    .option('--save <file>', 'also write the batch to a file')
    .option('--json', 'for scripts', false)
    .action(async (file: string | undefined, options: InspectOptions) => {
      const message = await messageOf(file, options);
      if (options.save !== undefined) writeFileSync(options.save, message);
      const inspection = inspectBatch(message, keyRing(options));
      process.stdout.write(options.json ? `${toJson(inspection)}\n` : renderInspection(inspection));
      if (inspection.verdict !== 'verified') process.exitCode = 1;
    });

const parsePosition = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a position is a whole number from 1.');
  return Number(text);
};

const messageOf = async (
  file: string | undefined,
  { data, position }: InspectOptions,
): Promise<Uint8Array> => {
  if (file !== undefined) return readFileSync(file);
  if (position === undefined) throw new Error('Give a file, or --position with the place in the log.');
  const log = openLogReader(join(resolve(data), 'log.db'));
  try {
    const [entry] = await log.read(position - 1, 1, 1);
    if (entry?.position !== position)
      throw new Error(`The log has no entry ${position}; its newest is ${await log.head()}.`);
    if (entry.type !== 'batch')
      throw new Error(`Entry ${position} of the log is a ${entry.type}, not a batch.`);
    return entry.message;
  } finally {
    await log.close();
  }
};

const keyRing =
  ({ data, certificate }: InspectOptions) =>
  (_source: string, thumbprint: string): KeyObject | undefined => {
    const pem =
      certificate === undefined
        ? registeredPem(resolve(data), thumbprint)
        : readFileSync(certificate, 'utf8');
    if (pem === undefined) return undefined;
    const parsed = new X509Certificate(pem);
    const found = createHash('sha256').update(parsed.raw).digest('hex');
    if (found !== thumbprint)
      throw new Error(`The batch is signed under certificate ${thumbprint}, not ${found}.`);
    return parsed.publicKey;
  };

const registeredPem = (data: string, thumbprint: string): string | undefined => {
  const path = join(data, 'registry.db');
  return existsSync(path) ? readCertificatePem(path, thumbprint) : undefined;
};
