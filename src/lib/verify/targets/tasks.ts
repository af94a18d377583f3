import { proofGrades, type ProofGrade, type TargetProof } from '../../domain/outcome.js'
import type { ProbeReport } from '../../domain/target-probe.js'
import type { Judged, VerifyTask } from '../judged.js'
import type { Asker } from './ask.js'
import { fitsOf, memoryRemedy } from './memory-fit.js'
import { testimonyOf, withTestimony, type WantedService } from './testimony.js'

/** The targets that serve now. */
export interface FleetSource {
  /** What the platform says of each, and what it should serve. */
  readonly serving: () => Promise<{
    readonly proofs: readonly TargetProof[]
    readonly services: readonly WantedService[]
  }>
  /** Asks those targets themselves; undefined where that is not wanted, or the platform says as much. */
  readonly ask?: Asker
  /** The weakest grade that is a proof. */
  readonly least: ProofGrade
  /** Milliseconds for which targets that are not well are asked again. */
  readonly retry: number
}

interface Seen {
  readonly proofs: readonly TargetProof[]
  readonly reports: ReadonlyMap<string, ProbeReport>
  readonly notes: readonly string[]
}

async function see({ serving, ask }: FleetSource, signal: AbortSignal): Promise<Seen> {
  const { proofs, services } = await serving()
  const asking = proofs.flatMap(({ proved, target }) => (proved ? [target] : []))
  const { reports, notes } = (await ask?.(asking, services, signal)) ?? { reports: new Map(), notes: [] }
  return {
    reports,
    notes,
    proofs: proofs.map((proof) => {
      const report = reports.get(proof.target)
      return report === undefined ? proof : withTestimony(proof, testimonyOf(report, services))
    }),
  }
}

/** The checks of the targets, each asked alone and not through the load balancer: what they serve, and their memory. */
export function targetTasks(source: FleetSource): readonly VerifyTask[] {
  let last: Seen | undefined
  const common = { kind: 'target', alone: true } as const
  return [
    {
      ...common,
      name: 'targets',
      retry: source.retry,
      look: async (signal) => {
        last = await see(source, signal)
        return judgeProofs(last, source.least)
      },
    },
    ...(source.ask === undefined
      ? []
      : [
          {
            ...common,
            name: 'memory',
            retry: 0,
            look: async (signal: AbortSignal) => judgeMemory((last ??= await see(source, signal)).reports),
          },
        ]),
  ]
}

const rank = ({ grade }: TargetProof): number => proofGrades.indexOf(grade)

function judgeProofs({ proofs, notes }: Seen, least: ProofGrade): Judged {
  const wrong = proofs.filter((proof) => !proof.proved)
  const weak = proofs.filter((proof) => proof.proved && rank(proof) < proofGrades.indexOf(least))
  const findings = [
    ...wrong.map(({ target, detail }) => ({ detail: `${target}: ${detail}` })),
    ...weak.map(({ target, grade }) => ({ detail: `${target}: only ${grade}, not ${least}` })),
  ]
  const evidence = [...notes, ...proofs.map(({ target, grade, detail }) => `${target} (${grade}): ${detail}`)]
  const [first] = findings
  if (proofs.length === 0) return { result: 'fail', detail: 'no target serves', evidence }
  if (first !== undefined) {
    const detail = `${proofs.length - wrong.length - weak.length} of ${proofs.length} are proved`
    return { result: 'fail', detail, findings, evidence }
  }
  const counts = proofGrades
    .map((grade) => ({ grade, count: proofs.filter((one) => one.grade === grade).length }))
    .filter(({ count }) => count > 0)
    .map(({ grade, count }) => `${count} ${grade}`)
  return { result: 'ok', detail: `${proofs.length} of ${proofs.length} are proved: ${counts.join(', ')}`, evidence }
}

function judgeMemory(reports: ReadonlyMap<string, ProbeReport>): Judged {
  const fits = fitsOf(reports)
  const [tightest] = fits
  if (tightest === undefined) return { result: 'skip', detail: 'no target could say what it holds' }
  const { target, verdict, detail } = tightest
  const evidence = fits.map((one) => `${one.target}: ${one.detail}`)
  if (verdict === 'fits') return { result: 'ok', detail: `${target}: ${detail}`, evidence }
  return {
    result: verdict === 'tight' ? 'warn' : 'fail',
    detail: `${target}: ${detail}`,
    remedy: memoryRemedy,
    evidence,
  }
}
