import { createHash } from 'node:crypto';

/** What the store keeps of a secret of full strength, which only its holder has: SHA-256, hex. */
export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
