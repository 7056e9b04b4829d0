import { pollFaultyLine } from '../support/faulty-line.js';

const POLLS = 100_000;

/**
 * 100,000 polls, in time that jumps, of a line with 3 % late replies, 1 % bit flips, 1 % stray bytes, 1 % wrong units
 * and split frames: values that were not those of the register at that time, and the polls that one fault cost.
 */
export const measureFaults = async (polls = POLLS): Promise<Record<string, number>> => {
  const { wrong, recoveryPolls, good, counters } = await pollFaultyLine({
    polls,
    latenessMs: 1000,
    seed: 11,
  });
  return {
    wrongValues: wrong,
    recoveryPolls,
    faultyPollsAnswered: good / polls,
    lateReplies: counters.lateReplies,
  };
};
