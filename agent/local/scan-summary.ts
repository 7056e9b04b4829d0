import { settingsName, type FindProgress, type FindReport, type FoundDevice } from '../../drivers/finder.js';
import { shownValues } from './scan-configuration.js';

const BAR = 24;

const duration = (ms: number): string => {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** A bar, what is tried, what was found, and the time left at the pace so far; `elapsedMs` of this phase. */
export const progressLine = (progress: FindProgress, elapsedMs: number): string => {
  const { phase, what, done, total, found } = progress;
  if (phase === 'listening') return `listening, ${what}`;
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.');
  const left = done === 0 ? '' : `, at most ${duration((elapsedMs / done) * (total - done))} left`;
  const verb = phase === 'looking' ? 'looking' : 'recognising';
  return `[${bar}] ${verb}: ${what}; ${found} found${left}`;
};

const deviceLine = ({ address, best, certain, rivals, samples, says }: FoundDevice): string => {
  const where = address === '' ? '  device' : `  address ${address.padStart(3)}`;
  if (best === undefined)
    return `${where}  answers, and no profile fits${says === undefined ? '' : `; it says "${says}"`}`;
  const { profile, fitting, against, identified } = best;
  const perhaps = certain ? '' : 'perhaps ';
  const why = identified
    ? 'it says so itself'
    : `${fitting} of ${profile.points.length} values speak for it${against === 0 ? '' : `, ${against} against`}`;
  const or = rivals.length === 0 ? '' : `; or ${rivals.map(({ profile: { id } }) => id).join(' or ')}`;
  const values = shownValues(profile, samples).join(', ');
  return `${where}  ${perhaps}${profile.id} (${why}${or})${values === '' ? '' : `\n               ${values}`}`;
};

/** Why nothing was found, as far as the line tells. */
const nothingFound = ({ endpoint, garbled }: FindReport): readonly string[] => {
  if (garbled.length > 0)
    return [
      `Something comes back at ${garbled.join(', ')}, and none of it is sound: check termination and ground, and whether two devices share an address.`,
    ];
  return endpoint.type === 'serial'
    ? [
        'Nothing answered at all. Most often A and B are swapped, or the devices have no power; then: the wrong port, another protocol.',
      ]
    : ['Nothing answered. Is it the right address and port, and is the line behind it connected?'];
};

/** What was found, for people. */
export const renderScan = (report: FindReport): string => {
  const { devices, doubtful, endpoint, framing, complete, notes } = report;
  const where =
    endpoint.type === 'serial'
      ? `${endpoint.path} (${settingsName(endpoint)}, ${framing})`
      : settingsName(endpoint);
  const count = `${devices.length} device${devices.length === 1 ? '' : 's'}`;
  return [
    `${count} found on ${where}${complete ? '' : '; stopped before everything was tried'}`,
    ...devices.map(deviceLine),
    ...doubtful.map(
      (address) =>
        `  address ${address.padStart(3)}  answers, and never soundly: two devices at this address, or its own cable`,
    ),
    ...(devices.length === 0 && complete ? nothingFound(report) : []),
    ...notes.map((note) => `Note: ${note}.`),
  ].join('\n');
};
