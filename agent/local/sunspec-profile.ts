import { chainIdentity, chainPoints } from '../../drivers/modbus/sunspec/chain-points.js';
import type { SunSpecChain } from '../../drivers/modbus/sunspec/discover-chain.js';
import { SUNSPEC_MODELS } from '../../drivers/modbus/sunspec/models.js';
import { SCHEMA_FILE } from './profile-template.js';

/** JSON is YAML: each thing on a line of its own. */
const inLine = (value: unknown): string => JSON.stringify(value);

/** One line for each model of a chain: where it stands, and what is read of it. */
export const chainSummary = ({ models }: SunSpecChain): readonly string[] =>
  models.map(({ id, address, length }) => {
    const name = id === 1 ? 'common' : (SUNSPEC_MODELS.get(id)?.name ?? 'not read');
    return `model ${id} at ${address}, ${length} registers: ${name}`;
  });

/** The profile of a device that told its own map. It parses, and has nothing to mend. */
export const sunSpecProfile = (chain: SunSpecChain, at: { readonly day: string }): string =>
  [
    `# yaml-language-server: $schema=../${SCHEMA_FILE}`,
    `# Found on ${at.day} by following the chain of SunSpec models of the device ${chain.serial}. No cited vector: the map is its own.`,
    ...chainSummary(chain).map((line) => `# ${line}`),
    `maker: ${inLine(chain.maker || 'unknown')}`,
    `model: ${inLine(chain.model || 'SunSpec')}`,
    'protocol: modbus',
    `source: ${inLine({
      document: 'SunSpec model definitions, and the chain that the device gives',
      revision: chain.version === '' ? 'unknown' : `device version ${chain.version}`,
      page: `models ${chain.models.map(({ id }) => id).join(', ')}`,
    })}`,
    `identity: ${inLine(chainIdentity(chain))}`,
    'interval: 10s',
    'minInterval: 1s',
    'defaults: { table: holding, order: ABCD, kind: gauge, installation: [] }',
    'points:',
    ...chainPoints(chain).map(([key, fields]) => `  ${key}: ${inLine(fields)}`),
    '',
  ].join('\n');
