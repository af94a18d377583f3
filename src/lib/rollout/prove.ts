import type { Release, Revision } from '../domain/release.js'
import type { TargetProof } from '../domain/outcome.js'
import type { Clock } from '../ports/clock.js'
import type { Driver } from './driver.js'

/** A fleet settles for a while after the platform says that it is done: old targets drain, checks come round. */
const settling = 5 * 60_000
const interval = 10_000

/** Asks the driver for proof until every target is proved or the fleet had its time to settle. */
export async function proveTargets(
  driver: Driver,
  revision: Revision,
  release: Release,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly TargetProof[]> {
  const deadline = clock.now() + settling
  for (;;) {
    const proofs = await driver.prove(revision, release)
    if ((proofs.length > 0 && proofs.every((proof) => proof.proved)) || clock.now() >= deadline) return proofs
    if (signal.aborted) return proofs
    await clock.sleep(interval, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}
