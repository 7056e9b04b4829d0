/**
 * Where the programs of the agent's threads lie, compiled one by one or bundled: each is an entry of the bundle
 * (`rolldown.config.js`) at the same place beside this file.
 */
export const BUFFER_THREAD = new URL('./buffer/buffer-thread.js', import.meta.url);
export const CONFIGURATION_THREAD = new URL('./twin/configuration-thread.js', import.meta.url);
