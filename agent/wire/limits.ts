/** Largest payload of any topic, bytes; refused before it is parsed. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Largest body or directory once inflated, bytes; a body's size is declared in its header, and checked before. */
export const MAX_INFLATED_BYTES = 8 * 1024 * 1024;

/** Deepest nesting of CBOR arrays and maps. */
export const MAX_DEPTH = 16;

/** Most CBOR data items in one message, body or directory. */
export const MAX_ITEMS = 262_144;

/** Most columns in a batch. */
export const MAX_COLUMNS = 16_384;

/** Most readings, windows or loss records in a batch. */
export const MAX_COUNT = 65_536;

/** Most numbers and texts that one body may unpack to: a packed line of any length takes three bytes. */
export const MAX_UNPACKED = 4_194_304;

/** Largest text value, UTF-8 bytes. */
export const MAX_VALUE_BYTES = 255;

/** Longest text in messages and directories, characters. */
export const MAX_TEXT_LENGTH = 4096;

/** Largest magnitude of a packed integer: 2^50 − 1 keeps differences of differences exact in a double. */
export const MAX_PACKED = 2 ** 50 - 1;

/** Levels of every hash tree, whatever it holds. */
export const TREE_DEPTH = 15;

/** Most leaves of a hash tree. */
export const MAX_LEAVES = 2 ** TREE_DEPTH;

/** Largest message with erased columns: each column that is left brings a salt of its own, beside its framing. */
export const MAX_REDUCED_BYTES = MAX_MESSAGE_BYTES + 20 * MAX_COLUMNS;
