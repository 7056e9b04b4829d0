/** Open ends of intervals, UTC ms: beyond every time that a row can have, and exact in a double. */
export const ENDLESS = 9_007_199_254_740_991;
