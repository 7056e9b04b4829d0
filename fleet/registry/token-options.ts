import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { formatClaimLink } from '#wire/enrolment.js';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { siteNamed } from '../access/limit-options.js';
import type { RegistryStore } from '../store/registry-store.js';
import { thumbprintOf } from './authority/certificates.js';
import { newId } from './new-id.js';
import { authorityFolder } from './open-registry.js';
import { qrForTerminal } from './qr-code.js';
import { issueToken, TOKEN_HOURS, type TokenOrder } from './tokens.js';

export interface TokenOptions {
  readonly hours: number;
  readonly serial?: string;
  readonly site?: string;
  readonly approval: boolean;
  readonly fleet?: string;
  readonly qr: boolean;
  readonly data: string;
  readonly json: boolean;
}

const parseHours = (text: string): number => {
  const hours = Number(text);
  if (!(hours > 0 && hours <= TOKEN_HOURS.atMost)) {
    throw new InvalidArgumentError(`give hours, such as 72, and at most ${TOKEN_HOURS.atMost}.`);
  }
  return hours;
};

const parseAddress = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text;
  throw new InvalidArgumentError('write it as https://fleet.example.org.');
};

/** Options of every command that makes a claim token. */
export const withTokenOptions = (command: Command): Command =>
  command
    .option('--hours <n>', 'how long it may be used', parseHours, TOKEN_HOURS.byDefault)
    .option('--serial <number>', 'only the box with this serial number may use it')
    .option('--site <site>', 'where the gateway will stand; id or name of a site')
    .option('--approval', 'the claim waits until `gateway approve`', false)
    .option('--fleet <url>', 'where gateways reach this fleet: shows a link as well', parseAddress)
    .option('--qr', 'show the link as a QR code (needs --fleet)', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false);

/** Makes the token and prints it, the only time that it is shown. */
export const printNewToken = (
  registry: RegistryStore,
  order: Pick<TokenOrder, 'organisationId' | 'createdBy' | 'replaces'>,
  { site, hours, serial, approval, fleet, qr, data, json }: TokenOptions,
): void => {
  if (qr && fleet === undefined) throw new Error('--qr shows a link: give --fleet https://… as well.');
  const root = new X509Certificate(readFileSync(join(authorityFolder(data), 'root.pem')));
  const siteId = site === undefined ? undefined : siteNamed(registry, site);
  const bounds = { hours, serial, approval, siteId };
  const deps = { store: registry, rootFingerprint: thumbprintOf(root), now: Date.now, newId };
  const issued = changeAsOperator(
    registry,
    () => issueToken({ ...deps, random: (bytes) => randomBytes(bytes) }, { ...order, ...bounds }),
    (made) => ({
      action: order.replaces === undefined ? 'issue-enrolment-token' : 'replace-gateway',
      resource: { type: 'enrolment-token', id: made.id, organisationId: order.organisationId },
      after: { expires: made.expires, serial, approval, siteId, replaces: order.replaces },
    }),
  );
  const link = fleet === undefined ? undefined : formatClaimLink(fleet, issued.token);
  const expires = new Date(issued.expires).toISOString();
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...issued, link, expires }, null, 2)}\n`);
    return;
  }
  const lines = [issued.token, ...(link === undefined ? [] : [link])];
  if (link !== undefined && qr) lines.push(qrForTerminal(link));
  process.stdout.write(`${lines.join('\n')}\n`);
  process.stderr.write(
    `Shown only now; good once, until ${expires} (revoke it: token revoke ${issued.id}).\n`,
  );
};
