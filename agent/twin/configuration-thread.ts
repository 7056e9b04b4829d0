import { parentPort, workerData } from 'node:worker_threads';
import { ConfigurationError } from './errors.js';
import { readConfiguration } from './configuration-file.js';
import type { ReadAnswer, ReadRequest } from './read-apart.js';

/** Reads one configuration and ends. */
const answer = ({ path, profileFolders }: ReadRequest): ReadAnswer => {
  try {
    return { configuration: readConfiguration(path, profileFolders) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { code: error.code, problems: error.problems };
  }
};

parentPort?.postMessage(answer(workerData as ReadRequest));
