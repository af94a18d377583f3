import type { Span } from './figure.js'
import { monthHours } from './prices.js'
import type { StrategyName } from './strategies.js'
import { wayTo, type StrategyRow, type StrategyTable } from './table.js'

/** One step on the way to a strategy. Durations in milliseconds, money in dollars a month. */
export interface PathStep {
  readonly name: StrategyName
  readonly title: string
  readonly state: 'done' | 'next' | 'later'
  /** The weeks of work, from 1; null for a step that is done. */
  readonly weeks: { readonly first: number; readonly last: number } | null
  readonly needs: string
  /** Commands, or lines of rampart.yml, in their order. */
  readonly commands: readonly string[]
  /** A deploy when the step is done. */
  readonly next: Span
  /** How much shorter a deploy becomes, against the step before; negative when it becomes longer. */
  readonly gain: number
  /** The same for all deploys of a month. */
  readonly monthlyGain: number
  /** What it adds to the bill; null when a price is not known. */
  readonly monthlyCost: number | null
}

/** The way from what is there to what is recommended. */
export interface AdoptionPath {
  /** Undefined when no strategy can be compared. */
  readonly recommended: StrategyName | undefined
  readonly deploysPerDay: number
  /** A deploy as it is now, and at the end of the way. */
  readonly before: Span | undefined
  readonly after: Span | undefined
  readonly steps: readonly PathStep[]
}

/** Hours of a week that somebody has for it beside other work; each step has a week at least, to be seen at work. */
const hoursOfWeek = 20

/** The ordered steps to the recommended strategy of a table, those that are done included. It remembers nothing. */
export function adoptionPath({ rows, deploysPerDay }: StrategyTable): AdoptionPath {
  const goal = rows.find(({ recommended }) => recommended)
  const way = goal === undefined ? [] : rowsOf(wayTo(goal.name), rows)
  const start = startOf(way, rows)
  let [before, week, isFirst] = [rows.find(({ name }) => name === 'full') ?? start, 1, true]
  const steps = way.map((row): PathStep => {
    const isDone = row.adopted
    const length = Math.max(1, Math.ceil(row.effort / hoursOfWeek))
    const { name, title, needs, adopt: commands, next } = row
    const gain = before === undefined ? 0 : before.next.value - next.value
    const step: PathStep = {
      name,
      // In the table they stand below what they are added to.
      title: title.trim().replace(/^plus /, ''),
      state: isDone ? 'done' : isFirst ? 'next' : 'later',
      weeks: isDone ? null : { first: week, last: week + length - 1 },
      needs,
      commands,
      next,
      gain,
      monthlyGain: (gain * deploysPerDay * monthHours) / 24,
      monthlyCost: differenceOf(before?.monthly ?? null, row.monthly),
    }
    before = row
    if (!isDone) [week, isFirst] = [week + length, false]
    return step
  })
  return { recommended: goal?.name, deploysPerDay, before: start?.next, after: goal?.next, steps }
}

const rowsOf = (names: readonly StrategyName[], rows: readonly StrategyRow[]): readonly StrategyRow[] =>
  names.flatMap((name) => rows.find((row) => row.name === name) ?? [])

/** What the project does now: the last of the steps that are done, else the full image each time. */
const startOf = (way: readonly StrategyRow[], rows: readonly StrategyRow[]): StrategyRow | undefined =>
  way.findLast(({ adopted }) => adopted) ?? rows.find(({ name }) => name === 'full')

const differenceOf = (from: number | null, to: number | null): number | null =>
  from === null || to === null ? null : to - from
