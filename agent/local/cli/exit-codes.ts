/** What a command's exit says to a script. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** The command line or the configuration is wrong; nothing was done. */
  usage: 2,
  /** `status`: no agent runs on this data folder. */
  notRunning: 3,
  /** `enrol`: the fleet could not be reached; the claim waits for the running agent. */
  queued: 4,
} as const;
