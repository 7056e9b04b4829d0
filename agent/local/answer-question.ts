import { BufferError } from '../buffer/buffer-error.js';
import type { Buffer, QuarantinedBatch } from '../buffer/buffer.js';
import type { Configuration, ConfiguredDevice } from '../twin/configuration.js';
import { packagedCatalogue } from '../twin/packaged.js';
import type { WriteResult } from '../../drivers/driver.js';
import type { Acquisition, DeviceReading } from '../acquisition/acquisition.js';
import { AcquisitionError } from '../acquisition/errors.js';
import type { PointWrite } from '../acquisition/write-point.js';
import type { AgentQuestion } from './agent-questions.js';
import { answerHistory } from './answer-history.js';
import { LocalError } from './errors.js';
import { inspect, type InspectDeps } from './inspect.js';
import type { Log } from './log.js';
import { readOnce } from './read.js';
import { reportStatus, type StatusSources } from './status-report.js';
import { writeOnce } from './write.js';

/** What a running agent answers from. */
export interface AnswerSources {
  readonly configuration: Configuration;
  readonly acquisition: Pick<Acquisition, 'readNow' | 'writeNow' | 'askNow'>;
  readonly buffer: Pick<Buffer, 'quarantined' | 'quarantinedMessage' | 'history'>;
  readonly status: StatusSources;
  readonly log: Pick<Log, 'info'>;
}

const answer = async (
  { configuration, acquisition, buffer, status, log }: AnswerSources,
  question: AgentQuestion,
  signal: AbortSignal,
): Promise<unknown> => {
  if (question.ask === 'status') return await reportStatus(status);
  const { version } = configuration;
  if (question.ask === 'quarantine') return { version, ...(await quarantineOf(buffer, question.id)) };
  if (question.ask === 'history')
    return { version, ...(await answerHistory(buffer, question, status.clock.now().time)) };
  if (question.ask === 'read') {
    // Read rarely, and no small thing to keep, nor is its reader.
    const { loadCatalogue } = await import('../twin/catalogue.js');
    const catalogue = loadCatalogue(packagedCatalogue);
    const read = ({ key }: ConfiguredDevice): Promise<DeviceReading> => acquisition.readNow(key, signal);
    const rows = await readOnce({ configuration, catalogue, read }, question.device);
    return { version, rows };
  }
  if (question.ask === 'diagnose' || question.ask === 'file-record') {
    const ask: InspectDeps['ask'] = ({ key }, each) => acquisition.askNow(key, each, signal);
    return { version, report: await inspect({ configuration, ask }, question) };
  }
  const write = (each: PointWrite): Promise<WriteResult> => acquisition.writeNow(each, signal);
  const report = await writeOnce({ configuration, write }, question);
  log.info('point-written', { ...report });
  return { version, report };
};

const MOST_QUARANTINED = 1_000;

const quarantineOf = async (
  buffer: Pick<Buffer, 'quarantined' | 'quarantinedMessage'>,
  id: number | undefined,
): Promise<{ readonly batches: readonly QuarantinedBatch[]; readonly message: string | null }> => {
  if (id === undefined) return { batches: await buffer.quarantined(MOST_QUARANTINED), message: null };
  const message = await buffer.quarantinedMessage(id);
  if (message === undefined) throw new LocalError('usage', `no batch ${id} is quarantined here`);
  return { batches: [], message: globalThis.Buffer.from(message).toString('base64') };
};

/** Answers a technician's tool, on the buses through the workers that use them. What is refused is an answer, too. */
export const answerQuestion = async (
  sources: AnswerSources,
  question: AgentQuestion,
  signal: AbortSignal,
): Promise<unknown> => {
  try {
    return await answer(sources, question, signal);
  } catch (error) {
    const told = [AcquisitionError, LocalError, BufferError].some((known) => error instanceof known);
    if (told && error instanceof Error) return { refused: error.message };
    throw error;
  }
};
