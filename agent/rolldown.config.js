import { fileURLToPath } from 'node:url';
import { tellPackages } from './packaging/tell-packages.js';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** V8 keeps a source with one character beyond Latin-1 in two bytes a character, for as long as it runs. */
const asciiOnly = {
  name: 'ascii-only',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replace(
        /[^\0-\x7f]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    }
  },
};

/** The agent as it is shipped: one folder of JavaScript, and the native modules beside it. See README.md. */
// oxlint-disable-next-line import/no-default-export -- what rolldown reads
export default {
  // Threads lie where `threads.ts` looks for them.
  input: {
    main: folder('main.ts'),
    'buffer/buffer-thread': folder('buffer/buffer-thread.ts'),
    'twin/configuration-thread': folder('twin/configuration-thread.ts'),
  },
  platform: 'node',
  external: ['better-sqlite3', '@serialport/bindings-cpp', 'cbor-extract'],
  resolve: { alias: { '#wire': folder('wire') }, extensionAlias: { '.js': ['.ts', '.js'] } },
  // MQTT.js brings streams of its own, which Node has.
  transform: { define: { 'process.env.READABLE_STREAM': '"disable"' } },
  plugins: [asciiOnly, tellPackages('bundled-packages.json')],
  output: {
    dir: folder('../dist/terroir-agent'),
    format: 'esm',
    minify: true,
    cleanDir: true,
    // What only the configuration's thread wants is not to be loaded because it shares a file with what all want.
    codeSplitting: { groups: [{ name: 'yaml', test: /[\\/]node_modules[\\/]yaml[\\/]|yaml-document\.ts$/ }] },
  },
};
