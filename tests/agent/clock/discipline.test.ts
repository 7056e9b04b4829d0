import { expect, it } from 'vitest';
import { watchDiscipline } from '../../../agent/clock/discipline.js';
import { eventually } from '../../support/eventually.js';

const TRACKING =
  'C0A80101,192.168.1.1,3,1795300000.1,0.000012,0.00001,0.00003,-12.3,0.001,0.02,0.012,0.001,64.2,';

interface Machine {
  readonly timedatectl?: string;
  readonly chronyc?: string;
  readonly mark?: boolean;
}

/** A machine whose programs answer so; a missing one does not answer. */
const watch = (machine: { current: Machine }) => {
  const asked: string[] = [];
  const asks: (() => void)[] = [];
  const discipline = watchDiscipline({
    run: (program) => {
      asked.push(program);
      return Promise.resolve(program === 'chronyc' ? machine.current.chronyc : machine.current.timedatectl);
    },
    exists: (path) => path === '/run/systemd/timesync/synchronized' && machine.current.mark === true,
    every: (_ms, callback) => {
      asks.push(callback);
      return () => undefined;
    },
  });
  return { discipline, asked, ask: () => asks.forEach((callback) => callback()) };
};

it.each<[string, Machine, boolean]>([
  ['systemd says yes', { timedatectl: 'yes\n' }, true],
  ['systemd says no, whatever mark is left', { timedatectl: 'no\n', mark: true }, false],
  ['chrony follows a source', { chronyc: `${TRACKING}Normal\n` }, true],
  ['chrony follows none', { chronyc: `${TRACKING}Not synchronised\n`, mark: true }, false],
  ['only the mark is there', { mark: true }, true],
  ['nobody answers', {}, false],
])('where %s', async (_, machine, expected) => {
  const { discipline, asked } = watch({ current: machine });
  await eventually(() => asked.length > 0 && discipline.disciplined() === expected, 5_000);
});

it('is asked again, and told of a change', async () => {
  const machine: { current: Machine } = { current: { timedatectl: 'no' } };
  const { discipline, ask, asked } = watch(machine);
  await eventually(() => asked.length > 0, 5_000);
  expect(discipline.disciplined()).toBe(false);
  machine.current = { timedatectl: 'yes' };
  await eventually(() => {
    ask();
    return discipline.disciplined();
  }, 5_000);
});
