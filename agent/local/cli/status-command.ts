import { statSync } from 'node:fs';
import { join } from 'node:path';
import { bufferFile } from '../data-folder.js';
import { isCode } from '../../identity/durable-file.js';
import { loadClaim } from '../../identity/claim.js';
import { loadIdentity } from '../../identity/stored-identity.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { renderStatus, type FilesReport } from '../status-table.js';
import { askStatus } from '../status-socket.js';
import { parseStatusReport } from '../status-report.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';

export interface StatusOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

const sizeOf = (path: string): { readonly bytes: number; readonly written: number } | undefined => {
  try {
    const { size, mtimeMs } = statSync(path);
    return { bytes: size, written: Math.round(mtimeMs) };
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
};

/** What the files of a data folder tell while no agent runs. */
const reportFiles = (name: string, dataFolder: string): FilesReport => {
  const buffer = bufferFile(dataFolder);
  const files = [sizeOf(buffer), sizeOf(`${buffer}-wal`)].filter((file) => file !== undefined);
  return {
    running: false,
    name,
    dataFolder,
    gatewayId: loadIdentity(dataFolder)?.gatewayId ?? null,
    claimQueued: loadClaim(dataFolder) !== undefined,
    bufferBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    lastWritten: files.length === 0 ? null : Math.max(...files.map(({ written }) => written)),
  };
};

/** Asks the running agent, or tells from the files that none runs (exit 3). */
export const statusCommand = async (options: StatusOptions, output: Output): Promise<number> => {
  const { name, dataFolder } = readConfiguration(options.config, options.profiles);
  const answer = await askStatus(dataFolder);
  if (answer === undefined) {
    printResult(output, reportFiles(name, dataFolder), options.json, renderStatus);
    return EXIT.notRunning;
  }
  printResult(
    output,
    { running: true, ...parseStatusReport(answer, join(dataFolder, 'agent.sock')) },
    options.json,
    renderStatus,
  );
  return EXIT.done;
};
