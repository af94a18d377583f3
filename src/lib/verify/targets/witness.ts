import type { MeasuredMemory } from '../../domain/measured-memory.js'
import { proofGrades, type ProofGrade, type TargetProof } from '../../domain/outcome.js'
import type { Release } from '../../domain/release.js'
import type { Clock } from '../../ports/clock.js'
import type { Asker } from './ask.js'
import { fitsOf } from './memory-fit.js'
import { testimonyOf, withTestimony, type WantedService } from './testimony.js'

/** What the targets themselves made of a proof. */
export interface Witnessed {
  readonly proofs: readonly TargetProof[]
  /** Why a grade is not higher, each once. */
  readonly notes: readonly string[]
  /** The tightest of the targets that said what they hold, which have loaded their models by then. */
  readonly memory?: MeasuredMemory
}

/** Asks targets what they serve, to make a proof stronger or to contradict it. */
export interface Witness {
  /**
   * The proofs with what the targets say of themselves. Those who contradict the release are asked again for a while:
   * their models may still be loading. Rejects with the signal's reason only.
   */
  testify(
    proofs: readonly TargetProof[],
    release: Release,
    run: { readonly clock: Clock; readonly signal: AbortSignal },
  ): Promise<Witnessed>
}

export interface WitnessOptions {
  /** What each service of a release is known by on a target. */
  readonly services: (release: Release) => readonly WantedService[]
  /** The weakest grade that is a proof. */
  readonly least: ProofGrade
}

/** A target that is in service may still load its models. */
const settling = 3 * 60_000
const interval = 10_000

/** A witness by what targets say to that asker. */
export function createWitness(ask: Asker, { services, least }: WitnessOptions): Witness {
  return {
    async testify(proofs, release, { clock, signal }) {
      const wanted = services(release)
      const deadline = clock.now() + settling
      for (;;) {
        const targets = proofs.flatMap(({ proved, target }) => (proved ? [target] : []))
        // oxlint-disable-next-line no-await-in-loop -- it asks until they agree
        const { reports, notes } = await ask(targets, wanted, signal)
        signal.throwIfAborted()
        const seen = proofs.map((proof) => {
          const report = reports.get(proof.target)
          return report === undefined ? { proof, notes: [] } : judged(proof, testimonyOf(report, wanted))
        })
        const contradicted = seen.some(({ proof }, index) => proof.proved !== proofs[index]?.proved)
        if (!contradicted || clock.now() >= deadline) {
          const [tightest] = fitsOf(reports)
          return {
            ...(tightest !== undefined && { memory: measured(tightest) }),
            proofs: seen.map(({ proof }) => demand(proof, least)),
            notes: [...new Set([...notes, ...seen.flatMap((one) => one.notes)])],
          }
        }
        // oxlint-disable-next-line no-await-in-loop
        await clock.sleep(interval, signal)
      }
    },
  }
}

const measured = ({ verdict, needed, room, detail, parts }: MeasuredMemory): MeasuredMemory => ({
  verdict,
  needed,
  room,
  detail,
  ...(parts !== undefined && { parts }),
})

const judged = (proof: TargetProof, testimony: ReturnType<typeof testimonyOf>) => ({
  proof: withTestimony(proof, testimony),
  notes: testimony.notes,
})

function demand(proof: TargetProof, least: ProofGrade): TargetProof {
  if (!proof.proved || proofGrades.indexOf(proof.grade) >= proofGrades.indexOf(least)) return proof
  return {
    ...proof,
    proved: false,
    detail: `only ${proof.grade}, and verify.targets.grade asks for ${least}: ${proof.detail}`,
  }
}
