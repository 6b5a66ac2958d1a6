/** Says what is being done, how it ended and how long it took: one line a step. */
export interface Steps {
  /** `work` returns what to say at its end, such as "already there". */
  step(title: string, work: () => Promise<string | void>): Promise<void>;
}

export const steps = (write: (line: string) => void, now: () => number): Steps => ({
  async step(title, work) {
    const start = now();
    const took = () => `${((now() - start) / 1000).toFixed(1)} s`;
    try {
      const said = await work();
      write(`  ${title}: ${said ?? 'done'} (${took()})`);
    } catch (error) {
      write(`  ${title}: failed (${took()})`);
      throw error;
    }
  },
});
