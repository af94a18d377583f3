import type { Progress } from './progress.js'

/** Nothing while the run goes on. */
export function createQuiet(): Progress {
  return { event() {}, stop: () => Promise.resolve() }
}
