import type { CheckResult, Finding } from '../domain/checkup.js'
import { formatProblem } from '../errors/format.js'
import { formatPlace, RampartError, type Place } from '../errors/rampart-error.js'

/** What a check came to, before it has a name. */
export interface Outcome extends Finding {
  readonly result: CheckResult
  readonly findings?: readonly Finding[]
}

/** All is well. */
export const ok = (detail: string): Outcome => ({ result: 'ok', detail })

/** Not asked, and why not; with what would make it possible. */
export const skip = (detail: string, remedy?: string): Outcome => ({
  result: 'skip',
  detail,
  ...(remedy !== undefined && { remedy }),
})

/** One thing that is wrong. */
export const bad = (result: 'warn' | 'fail', detail: string, remedy?: string): Outcome => ({
  result,
  detail,
  ...(remedy !== undefined && { remedy }),
})

/** A finding in a file. */
export function findingAt(place: Place, detail: string, remedy: string): Finding {
  return { detail, place: formatPlace(place), remedy }
}

/** A finding with how bad it is. */
export interface Graded extends Finding {
  readonly result: 'warn' | 'fail'
}

/** A check that looks for several things: as bad as the worst of them, and that one first. */
export function judge(found: readonly Graded[], well: string): Outcome {
  // Services that share a file share what is wrong with it.
  const distinct = [...new Map(found.map((one) => [`${one.place} ${one.detail}`, one])).values()]
  const sorted = distinct.toSorted((a, b) => Number(a.result === 'warn') - Number(b.result === 'warn'))
  const [worst] = sorted
  if (worst === undefined) return ok(well)
  const more = sorted.length > 1 ? `, and ${sorted.length - 1} more` : ''
  return {
    ...worst,
    detail: `${worst.detail}${more}`,
    findings: sorted.map(({ detail, place, remedy }) => ({
      detail,
      ...(place !== undefined && { place }),
      ...(remedy !== undefined && { remedy }),
    })),
  }
}

/** What a check that could not be carried through comes to. */
export function failure(error: unknown): Outcome {
  if (error instanceof RampartError) {
    const [remedy] = error.next
    return {
      result: 'fail',
      detail: error.message,
      ...(error.place !== undefined && { place: formatPlace(error.place) }),
      ...(remedy !== undefined && { remedy }),
      findings: error.problems.map((problem) => ({ detail: formatProblem(problem) })),
    }
  }
  return bad('fail', `the check itself failed: ${error instanceof Error ? error.message : String(error)}`)
}
