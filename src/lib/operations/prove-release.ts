import type { Release, Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Driver } from '../rollout/driver.js'
import { proveTargets } from '../rollout/prove.js'
import { inPhase, type RunContext } from './run.js'

/** What is to be proved, and the command that tries it again. */
export interface ToProve {
  readonly driver: Driver
  readonly release: Release
  readonly revision: Revision
  readonly comeBack: string
}

/** How many targets were proved: all. Rejects with kind `verification` and what each of the others misses. */
export async function proveRelease(
  run: RunContext,
  { driver, release, revision, comeBack }: ToProve,
): Promise<{ readonly proved: number; readonly total: number }> {
  return inPhase(run, 'proof', async () => {
    const targets = await proveTargets(driver, revision, release, run)
    const proved = targets.filter((target) => target.proved).length
    const total = targets.length
    run.emit({ type: 'proof', targets, proved, total })
    if (proved === 0 || proved < total) {
      throw new RampartError('verification', `${proved} of ${total} targets are proved to serve ${release.id}.`, {
        problems: targets
          .filter((target) => !target.proved)
          .map((target) => ({ message: `${target.target}: ${target.detail}` })),
        next: [comeBack],
      })
    }
    return { value: { proved, total }, detail: `${proved} of ${total} targets` }
  })
}
