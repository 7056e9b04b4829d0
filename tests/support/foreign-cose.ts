import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const PROGRAM = `
const { X509Certificate } = require('node:crypto');
const { parentPort, workerData: { statement, certificate } } = require('node:worker_threads');
import('@auth0/cose')
  .then(({ Algorithms, Sign1 }) =>
    Sign1.decode(statement).verify(new X509Certificate(certificate).publicKey, { algorithms: [Algorithms.ES256] }))
  .then(() => parentPort.postMessage('verified'), (error) => parentPort.postMessage(error.message));
`;

/**
 * What a COSE library that is not ours says of a COSE_Sign1 under a certificate (DER): `verified`, or what is wrong with it. In a
 * thread of its own: it tells the CBOR library that we share how to decode its tag, for all who decode in its thread.
 */
export const judgedElsewhere = async (statement: Uint8Array, certificate: Uint8Array): Promise<string> => {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { statement, certificate } });
  try {
    const [verdict] = (await once(worker, 'message')) as [string];
    return verdict;
  } finally {
    await worker.terminate();
  }
};
