import { fileURLToPath } from 'node:url';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The service as it runs: its modules and typebox, which is six hundred files, in a few files, so that a command starts in half
 * the time. All other packages stay where they are installed. See README.md.
 */
// oxlint-disable-next-line import/no-default-export -- what rolldown reads
export default {
  // Threads lie where `open-stores.ts` looks for them, beside the bundle's other files.
  input: {
    main: folder('main.ts'),
    'store/sqlite/log-thread': folder('store/sqlite/log-thread.ts'),
    'projections/projector-worker': folder('projections/projector-worker.ts'),
  },
  platform: 'node',
  external: (id) => !/^(?:[./]|#wire\/|typebox)/.test(id),
  resolve: { alias: { '#wire': folder('../agent/wire') }, extensionAlias: { '.js': ['.ts', '.js'] } },
  output: { dir: folder('../dist/terroir-fleet'), format: 'esm', cleanDir: true },
};
