/** The phases of a first release, as plans on paper have them. */
export type TimelinePhase = 'Pre-Deployment' | 'Container Build' | 'Infrastructure' | 'Deployment' | 'Validation'

/** What teams plan for each when they do it by hand, in minutes: two and a half hours with the pauses between. */
const plannedMinutes: Readonly<Record<TimelinePhase, number>> = {
  'Pre-Deployment': 30,
  'Container Build': 45,
  Infrastructure: 20,
  Deployment: 15,
  Validation: 30,
}

/** One command of a run from an empty account to a proved release. */
export interface TimelineStep {
  readonly phase: TimelinePhase
  /** The command, e.g. `infra deploy`. */
  readonly command: string
  /** Milliseconds; undefined when it was not reached. */
  readonly duration: number | undefined
  readonly exitCode: number | undefined
  /** What came of it, in words, where the table does not say it. */
  readonly note?: string
}

/** A phase with all its steps; undefined where one of them was not reached. */
export interface TimelineRow {
  readonly phase: TimelinePhase
  readonly duration: number | undefined
  /** Milliseconds. */
  readonly planned: number
  readonly commands: readonly string[]
}

const sum = (durations: readonly (number | undefined)[]): number | undefined =>
  durations.reduce<number | undefined>(
    (all, one) => (all === undefined || one === undefined ? undefined : all + one),
    0,
  )

/** The steps by their phases, in the plan's order. */
export function timelineRows(steps: readonly TimelineStep[]): readonly TimelineRow[] {
  return (Object.keys(plannedMinutes) as TimelinePhase[]).map((phase) => {
    const own = steps.filter((step) => step.phase === phase)
    return {
      phase,
      duration: sum(own.map(({ duration }) => duration)),
      planned: plannedMinutes[phase] * 60_000,
      commands: [...new Set(own.map(({ command }) => command))],
    }
  })
}

/** Milliseconds of all phases; undefined when one was not reached. */
export const totalOf = (rows: readonly TimelineRow[]): number | undefined => sum(rows.map(({ duration }) => duration))
