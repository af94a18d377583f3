import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { onTestFinished } from 'vitest'
import { play, type Tally } from './play.js'
import { sequences } from './steps.js'
import type { Platform } from './world.js'
import { seedOfRun } from '../support/seed.js'

/**
 * Plays that many random sequences, each in a world of its own, and tells how often they came to what. The seed is
 * that of the commit; RAMPART_SEED, as printed, gives the same ones again, and RAMPART_RUNS as many as one likes.
 */
export async function randomSequences(platform: Platform, usual: number): Promise<Tally> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-sequences-'))
  const before = { ...process.env }
  onTestFinished(async () => {
    process.env = before
    await rm(directory, { recursive: true, force: true })
  })
  const seed = seedOfRun()
  const numRuns = Number(process.env['RAMPART_RUNS'] ?? usual)
  console.log(`${numRuns} sequences on ${platform}: RAMPART_SEED=${seed}`)
  const tally: Tally = new Map()
  await fc.assert(
    fc.asyncProperty(sequences, async (steps) => play(platform, directory, steps, tally)),
    { seed, numRuns },
  )
  console.log(
    [...tally]
      .map(([what, times]) => `${what} ${times}`)
      .toSorted()
      .join(', '),
  )
  return tally
}
