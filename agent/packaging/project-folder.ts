import { fileURLToPath } from 'node:url';

/** The project's folder, seen from where these programs are compiled to. */
export const projectFolder = fileURLToPath(new URL('../../..', import.meta.url));
