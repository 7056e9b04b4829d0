import { fileURLToPath } from 'node:url';

/** The console's build: static files beside the compiled service. */
// oxlint-disable-next-line import/no-default-export -- what vite reads
export default {
  build: {
    outDir: '../../dist/terroir-fleet/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'enrol.html'].map((name) => fileURLToPath(new URL(name, import.meta.url))),
    },
  },
};
