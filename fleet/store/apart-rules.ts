/** What is kept apart of one source, at most: a hostile or broken one cannot fill the disk. */
export const KEPT_APART_MESSAGES = 1000;
export const KEPT_APART_BYTES = 64 * 1024 * 1024;

/** Why a batch is kept apart whose number was stored with other bytes. */
export const CLONE_REASON = 'another batch with this number was stored: is this card a copy?';
