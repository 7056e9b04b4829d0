import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { discoverChain, type SunSpecChain } from '../../../drivers/modbus/sunspec/discover-chain.js';
import { SunSpecError } from '../../../drivers/modbus/sunspec/sunspec-error.js';
import { delay } from '../../clock/timers.js';
import { editorSchemas } from '../../twin/editor-schemas.js';
import { LocalError } from '../errors.js';
import { SCHEMA_FILE, profileId } from '../profile-template.js';
import { chainSummary, sunSpecProfile } from '../sunspec-profile.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import { targetOf } from './scan-command.js';

export interface SunSpecOptions {
  readonly bus: string;
  readonly baud: string | undefined;
  readonly format: string | undefined;
  readonly framing: string | undefined;
  readonly address: string;
  readonly folder: string;
}

const TIMEOUT_MS = 2000;

const discover = async (options: SunSpecOptions, signal: AbortSignal): Promise<SunSpecChain | undefined> => {
  const { endpoint, framing } = targetOf(options);
  const settings = {
    key: 'sunspec',
    endpoint,
    framing,
    timeoutMs: TIMEOUT_MS,
    latenessMs: TIMEOUT_MS,
    pauseMs: 0,
  };
  const bus = createModbus().openBus(settings, { openChannel, now: () => performance.now(), delay });
  try {
    return await discoverChain(bus, options.address, signal);
  } catch (error) {
    if (!(error instanceof SunSpecError)) throw error;
    throw new LocalError('unreachable', error.message, { cause: error });
  } finally {
    await bus.close();
  }
};

/** Writes the profile of a SunSpec device from the map that it gives itself; never over one that is there. */
export const sunSpecCommand = async (
  options: SunSpecOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  const chain = await discover(options, signal);
  if (chain === undefined) {
    output.explain(`no SunSpec device at ${options.bus}, address ${options.address}`);
    return EXIT.failed;
  }
  for (const line of chainSummary(chain)) output.explain(line);
  const id =
    profileId({ maker: chain.maker || 'unknown', model: chain.model || 'sunspec' }) ?? 'unknown/sunspec';
  const file = join(options.folder, `${id}.yaml`);
  if (existsSync(file)) throw new LocalError('usage', `${file} is there already`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    join(options.folder, SCHEMA_FILE),
    `${JSON.stringify(editorSchemas['profile.json'], null, 2)}\n`,
  );
  writeFileSync(file, sunSpecProfile(chain, { day: new Date().toISOString().slice(0, 10) }));
  output.print(file);
  return EXIT.done;
};
