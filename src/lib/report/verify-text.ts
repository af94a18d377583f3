import { formatLatency } from '../domain/format-latency.js'
import type { Latency, Verification, VerifiedLine } from '../domain/verification.js'
import { budgetFigures, type LatencyBudget } from '../domain/verify-plan.js'
import { cleanLine } from '../terminal/clean.js'
import { checksSummary, checkWords } from './checks-text.js'
import { criteriaText } from './criteria-text.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'

/** The checks as a table, what was seen below those that are not well, then the latencies and the load. */
export function verifyText(verification: Verification, page: Page, simulation: string | undefined): string {
  const { checks } = verification
  const width = Math.max(0, ...checks.map(({ name }) => name.length))
  return [
    ...simulatedLines(page, simulation),
    ...checks.flatMap((check) => checkLines(page, check, width)),
    ...latencyTable(page, checks),
    ...checks.flatMap((check) => histogram(page, check)),
    ...criteriaText(page, verification.criteria),
    '',
    page.paint('strong', checksSummary(verification)),
  ].join('\n')
}

function checkLines(page: Page, check: VerifiedLine, width: number): readonly string[] {
  const state = `${sign(page, check.result)} ${checkWords[check.result].padEnd(4)}`
  const many = check.findings.length > 1
  const detail = cleanLine(many ? `${check.findings.length} findings` : check.detail)
  const shown = check.result === 'skip' ? page.paint('dim', detail) : detail
  const indent = isNarrow(page) ? '  ' : '        '
  const isWell = check.result === 'ok' || check.result === 'skip'
  const below = (mark: 'detail' | 'arrow', text: string): string => `${indent}${sign(page, mark)} ${cleanLine(text)}`
  return [
    ...(isNarrow(page)
      ? [`${state}  ${check.name}`, `  ${shown}`]
      : [`${state}  ${check.name.padEnd(width)}  ${shown}`]),
    ...(many ? check.findings.map((finding) => below('detail', finding.detail)) : []),
    ...(isWell ? [] : check.evidence.map((line) => `${indent}  ${page.paint('dim', cleanLine(line))}`)),
    ...[...new Set([check.remedy, ...check.findings.map(({ remedy }) => remedy)])].flatMap((remedy) =>
      remedy === undefined ? [] : [below('arrow', `mend: ${remedy}`)],
    ),
  ]
}

const figureWidth = 8

interface Row {
  readonly name: string
  readonly latency: Latency
  readonly budget: LatencyBudget
}

/** A row for each endpoint that was measured, with its budget below; a sign and a word stand where it is exceeded. */
function latencyTable(page: Page, checks: readonly VerifiedLine[]): readonly string[] {
  const rows = checks.flatMap(({ name, latency, load }): readonly Row[] => [
    ...(latency === undefined ? [] : [{ name, latency, budget: latency.budget }]),
    ...(load === undefined ? [] : [{ name, latency: load.latency, budget: load.budget }]),
  ])
  if (rows.length === 0) return []
  if (isNarrow(page)) {
    return [
      '',
      ...rows.flatMap((row) => [
        row.name,
        ...budgetFigures.map((figure) => `  ${figure.padEnd(5)} ${cell(page, row, figure)}`),
      ]),
    ]
  }
  const width = Math.max('Latency'.length, ...rows.map(({ name }) => name.length))
  const head = [...budgetFigures, 'requests'].map((word) => word.padStart(figureWidth)).join('  ')
  return [
    '',
    page.paint('dim', `${'Latency'.padEnd(width)}  ${head}`),
    ...rows.flatMap((row) => {
      const { name, latency, budget } = row
      const figures = budgetFigures.map((figure) => painted(page, row, figure))
      const limits = budgetFigures.map((figure) => {
        const most = budget[figure]
        return (most === undefined ? '' : formatLatency(most)).padStart(figureWidth)
      })
      const hasBudget = Object.keys(budget).length > 0
      return [
        `${name.padEnd(width)}  ${figures.join('  ')}  ${String(latency.count).padStart(figureWidth)}`,
        ...(hasBudget ? [page.paint('dim', `${'  budget'.padEnd(width)}  ${limits.join('  ')}`.trimEnd())] : []),
      ]
    }),
  ]
}

const isOver = ({ latency, budget }: Row, figure: (typeof budgetFigures)[number]): boolean =>
  latency[figure] > (budget[figure] ?? Infinity)

const painted = (page: Page, row: Row, figure: (typeof budgetFigures)[number]): string => {
  const text = `${isOver(row, figure) ? page.glyphs.bad : ''}${formatLatency(row.latency[figure])}`.padStart(
    figureWidth,
  )
  return isOver(row, figure) ? page.paint('bad', text) : text
}

function cell(page: Page, row: Row, figure: (typeof budgetFigures)[number]): string {
  const most = row.budget[figure]
  const own = painted(page, row, figure).trimStart()
  return most === undefined ? own : `${own}, budget ${formatLatency(most)}`
}

const barWidth = 30

/** How the load's latencies are spread, from when each request was due. */
function histogram(page: Page, { name, load }: VerifiedLine): readonly string[] {
  if (load === undefined || load.histogram.length === 0) return []
  const most = Math.max(...load.histogram.map(({ count }) => count))
  return [
    '',
    page.paint('dim', `${name}: requests by latency, from when each was due`),
    ...load.histogram.map(({ upTo, count }) => {
      const bar = page.glyphs.barFull.repeat(count === 0 ? 0 : Math.max(1, Math.round((barWidth * count) / most)))
      return `  to ${formatLatency(upTo).padStart(7)}  ${String(count).padStart(6)}  ${bar}`.trimEnd()
    }),
  ]
}
