import 'reflect-metadata';
/** `npm run bench -- NAME [--json] [--readings=N]`. With --json the last line is one object `{bench, results}`. */

interface BenchOptions {
  /** Fewer (or more) readings than the figure asks for, to try a change quickly. */
  readonly readings?: number;
}

interface Bench {
  run(options: BenchOptions): Promise<Record<string, number>>;
}

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  access: () => import('./access.js'),
  codec: () => import('./codec.js'),
  ingest: () => import('./ingest.js'),
  agent: () => import('./agent.js'),
  bus: () => import('./bus.js'),
  query: () => import('./query.js'),
  size: () => import('./size.js'),
  replay: () => import('./replay.js'),
  lines: () => import('./lines.js'),
  trust: () => import('./trust.js'),
};

const table = (results: Readonly<Record<string, number>>): string => {
  const width = Math.max(...Object.keys(results).map((key) => key.length));
  return Object.entries(results)
    .map(
      ([key, value]) =>
        `${key.padEnd(width)}  ${value.toLocaleString('en', { maximumSignificantDigits: 4 })}`,
    )
    .join('\n');
};

const main = async (args: readonly string[]): Promise<void> => {
  const [name = ''] = args.filter((arg) => !arg.startsWith('--'));
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (load === undefined) {
    process.stderr.write(
      `usage: npm run bench -- NAME [--json], NAME one of: ${Object.keys(benches).join(', ')}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const bench = await load();
  const readings = args.find((arg) => arg.startsWith('--readings='))?.slice('--readings='.length);
  const results = await bench.run(readings === undefined ? {} : { readings: Number(readings) });
  process.stdout.write(
    `${args.includes('--json') ? JSON.stringify({ bench: name, results }) : table(results)}\n`,
  );
};

await main(process.argv.slice(2));
