/** Seconds that are left if it goes on as before; nothing where too little is known. */
export function remaining(seconds: number, progress: number): number | undefined {
  return seconds < 3 || progress < 5 || progress > 99 ? undefined : Math.round((seconds * (100 - progress)) / progress);
}
