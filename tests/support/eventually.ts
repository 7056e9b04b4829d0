/** Resolves once `holds` is true; rejects when that has not come within `timeoutMs`. */
export const eventually = async (
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> => {
  const start = Date.now();
  while (!(await holds())) {
    const passed = Date.now() - start;
    if (passed > timeoutMs) throw new Error(`not true within ${timeoutMs} ms: ${holds.toString()}`);
    // asking costs those who answer, and the longer it takes, the less one pause more matters
    await new Promise((resolve) => setTimeout(resolve, Math.min(10 + passed / 50, 50)));
  }
};
