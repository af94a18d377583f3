import type { Release, Revision } from '../domain/release.js'
import type { TargetProof } from '../domain/outcome.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { Driver } from './driver.js'
import { unlessStopped } from './unless-stopped.js'

/** A fleet settles for a while after the platform says that it is done: old targets drain, checks come round. */
const settling = 5 * 60_000
const interval = 10_000

/**
 * Asks the driver for proof until every target is proved or the fleet had its time to settle; rejects with the
 * signal's reason when it is aborted before that.
 */
export async function proveTargets(
  driver: Driver,
  revision: Revision,
  release: Release,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly TargetProof[]> {
  const deadline = clock.now() + settling
  for (;;) {
    try {
      const proofs = await unlessStopped(signal, driver.prove(revision, release))
      if ((proofs.length > 0 && proofs.every((proof) => proof.proved)) || clock.now() >= deadline) return proofs
    } catch (error) {
      // The rollout is over and went well: a cloud that is out of reach for a moment does not unmake it.
      if (!(error instanceof RampartError) || !error.passing || clock.now() >= deadline) throw error
    }
    await clock.sleep(interval, signal)
  }
}
