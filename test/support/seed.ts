import { execFileSync } from 'node:child_process'

/**
 * The seed of what is drawn at random: RAMPART_SEED, else one that follows from the commit, so that what passed before a
 * push passes after it, and the next commit draws anew. Random only where there is no repository.
 */
export function seedOfRun(): number {
  const given = process.env['RAMPART_SEED']
  if (given !== undefined && given !== '') return Number(given)
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return Number.parseInt(commit.slice(0, 8), 16) & 0x7fffffff
  } catch {
    return Math.trunc(Math.random() * 2 ** 31)
  }
}
