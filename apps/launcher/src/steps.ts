/** Tells how far something is, in a few words such as "downloading, 40 %". */
export type Progress = (text: string) => void;

/** Says what is being done, how it ended and how long it took: one line a step. */
export interface Steps {
  /** `work` returns what to say at its end, such as "already there". */
  step(title: string, work: (progress: Progress) => Promise<string | void>): Promise<void>;
}

/** Milliseconds between two lines about one step where lines stay. */
const between = 10_000;

/** `passing` shows a line that the next one replaces; without it (no terminal) a long step says now and then how far it is. */
export function steps(write: (line: string) => void, now: () => number, passing?: (line: string) => void): Steps {
  return {
    async step(title, work) {
      const start = now();
      const took = () => `${((now() - start) / 1000).toFixed(1)} s`;
      let told = start;
      const progress = (text: string) => {
        if (passing) return passing(`  ${title}: ${text}`);
        if (now() - told < between) return;
        told = now();
        write(`  ${title}: ${text}`);
      };
      passing?.(`  ${title} …`);
      try {
        const said = await work(progress);
        write(`  ${title}: ${said ?? 'done'} (${took()})`);
      } catch (error) {
        write(`  ${title}: failed (${took()})`);
        throw error;
      }
    },
  };
}

/** A terminal's last line is wiped before another is written; elsewhere there are only lines that stay. */
export function lines(out: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }) {
  const wipe = out.isTTY ? '\r\u001b[K' : '';
  return {
    write: (line: string): void => void out.write(`${wipe}${line}\n`),
    ...(out.isTTY && { passing: (line: string): void => void out.write(`${wipe}${line.slice(0, (out.columns ?? 80) - 1)}`) }),
  };
}
