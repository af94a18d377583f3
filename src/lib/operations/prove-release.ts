import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { TargetProof } from '../domain/outcome.js'
import type { Release, Revision } from '../domain/release.js'
import { isInService, isLeaving } from '../domain/target.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Driver } from '../rollout/driver.js'
import { proveTargets } from '../rollout/prove.js'
import { memoryRemedy } from '../verify/targets/memory-fit.js'
import type { Witness, Witnessed } from '../verify/targets/witness.js'
import { inPhase, type RunContext } from './run.js'

/** What is to be proved, and the command that tries it again. */
export interface ToProve {
  readonly driver: Driver
  readonly release: Release
  readonly revision: Revision
  readonly comeBack: string
  /** Who asks the targets themselves, where somebody does. */
  readonly witness?: Witness
  /** Told what memory the targets need, where they have said so. */
  readonly onMemory?: (memory: MeasuredMemory) => void
  /** True when a check after the proof tells of it: then it is said here only where nothing comes after. */
  readonly tellsMemoryLater?: boolean
}

/** How many targets were proved: all. Rejects with kind `verification` and what each of the others misses. */
export async function proveRelease(
  run: RunContext,
  { driver, release, revision, comeBack, witness, onMemory, tellsMemoryLater }: ToProve,
): Promise<{ readonly proved: number; readonly total: number }> {
  return inPhase(run, 'proof', async () => {
    const launched = await proveTargets(driver, revision, release, run)
    const asked: Witnessed = (await witness?.testify(launched, release, run)) ?? { proofs: launched, notes: [] }
    const { proofs: targets, notes, memory } = asked
    if (memory !== undefined) onMemory?.(memory)
    for (const message of notes) run.emit({ type: 'check.done', name: 'targets', result: 'skip', detail: message })
    const proved = targets.filter((target) => target.proved).length
    const total = targets.length
    const isShort = proved === 0 || proved < total
    if (memory !== undefined && memory.verdict !== 'fits' && (isShort || tellsMemoryLater !== true)) {
      run.emit({ type: 'check.done', name: 'memory', result: 'warn', detail: memory.detail, remedy: memoryRemedy })
    }
    run.emit({ type: 'proof', targets, proved, total })
    if (isShort) {
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

/**
 * As {@link proveRelease}, for a revision that names images by tag: that every target was launched by it and is well is
 * all that can be said.
 */
export async function proveLaunched(
  run: RunContext,
  { driver, release, revision, comeBack }: ToProve,
): Promise<{ readonly proved: number; readonly total: number }> {
  const launched: Pick<Driver, 'prove'> = {
    prove: async () =>
      (await driver.targets(revision))
        .filter((target) => !isLeaving(target))
        .map((target): TargetProof => {
          const isWell = isInService(target) && (target.health === 'healthy' || target.health === 'none')
          const detail = `launched by version ${target.revision}, ${target.lifecycle}, ${target.health}`
          return { target: target.id, proved: target.isNew && isWell, grade: 'launched', detail }
        }),
  }
  return proveRelease(run, { driver: { ...driver, ...launched }, release, revision, comeBack })
}
