import type { CheckResult } from '../domain/checkup.js'
import { formatLatency } from '../domain/format-latency.js'
import type { CriterionLine, VerifiedLine } from '../domain/verification.js'
import type { CriterionPlan } from '../domain/verify-plan.js'
import { overBudget } from './latency.js'

/** What a part of a check says of a criterion. */
interface Said {
  readonly result: CheckResult
  readonly detail: string
}

const skip = (detail: string): Said => ({ result: 'skip', detail })

/** Where checks stand that failed and of which the team has said nothing. */
export const besideGroup = 'Beside the criteria'

/**
 * What the teams' criteria came to, in their order; each rests on checks that were made. A check that failed while no
 * criterion fails by it has a line of its own after them: no table is all OK when the release is not. Empty where nobody
 * has agreed on any.
 */
export function judgeCriteria(
  plans: readonly CriterionPlan[],
  lines: readonly VerifiedLine[],
): readonly CriterionLine[] {
  const told = new Set<VerifiedLine>()
  const criteria = plans.map(({ group, name, checks, figure }): CriterionLine => {
    const chosen = lines.filter((line) => checks.some((pattern) => isNamed(line.name, pattern)))
    const said = chosen.map((line) => partOf(line, figure))
    for (const [index, line] of chosen.entries()) if (said[index]?.result === 'fail') told.add(line)
    return { group, name, ...together(chosen, said, checks) }
  })
  if (criteria.length === 0) return []
  const untold = lines.filter((line) => line.result === 'fail' && !told.has(line))
  return [...criteria, ...untold.map(({ name, result, detail }) => ({ group: besideGroup, name, result, detail }))]
}

/** Whether a check is meant by its name, or by its beginning and `*`. */
const isNamed = (name: string, pattern: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

function together(lines: readonly VerifiedLine[], said: readonly Said[], checks: readonly string[]): Said {
  const worst = (['fail', 'warn', 'ok'] as const).find((result) => said.some((one) => one.result === result))
  if (lines.length === 0) return skip(`not asked: ${checks.join(', ')}`)
  const meant = said.flatMap((one, index) =>
    one.result === (worst ?? 'skip') ? [`${said.length > 1 ? `${lines[index]?.name}: ` : ''}${one.detail}`] : [],
  )
  const more = meant.length > 2 ? `; and ${meant.length - 2} more` : ''
  return { result: worst ?? 'skip', detail: `${meant.slice(0, 2).join('; ')}${more}` }
}

function partOf(line: VerifiedLine, figure: CriterionPlan['figure']): Said {
  const { latency, load, result, detail } = line
  if (figure === undefined || result === 'skip') return { result, detail }
  if (figure === 'success') return successOf(line)
  if (figure === 'rate') {
    if (load === undefined || load.succeeded === 0) return skip('nothing was answered well')
    return {
      result: load.achievedRate < (load.leastRate ?? 0) ? 'fail' : 'ok',
      detail: `${load.achievedRate.toFixed(1)} a second`,
    }
  }
  const figures = latency ?? load?.latency
  const most = (latency ?? load)?.budget[figure]
  if (figures === undefined || figures.count === 0) return skip('nothing was answered that could be measured')
  if (most === undefined) return skip(`has no budget for its ${figure}`)
  const words = `${figure} ${formatLatency(figures[figure])}, budget ${formatLatency(most)}`
  return { result: figures[figure] <= most ? 'ok' : 'fail', detail: words }
}

/** Whether requests succeeded, however long they took. */
function successOf({ kind, load, latency, result, detail, findings }: VerifiedLine): Said {
  if (load !== undefined) {
    const all = `${load.succeeded} of ${load.sent} requests`
    return { result: load.success < load.leastSuccess ? 'fail' : 'ok', detail: all }
  }
  if (kind !== 'endpoint') return { result, detail }
  const slow = latency === undefined ? 0 : overBudget(latency, latency.budget).length
  if (result === 'fail' && findings.length > slow) return { result: 'fail', detail: findings[0]?.detail ?? detail }
  return { result: 'ok', detail: `${1 + (latency?.count ?? 0)} requests` }
}
