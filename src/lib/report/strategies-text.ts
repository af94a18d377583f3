import { assumptions, assumptionNames } from '../plan/assumptions.js'
import { formatBytes } from '../domain/format-bytes.js'
import type { Span } from '../plan/figure.js'
import { sizeNames, type SizeName } from '../plan/strategies.js'
import type { StrategyRow, StrategyTable } from '../plan/table.js'
import { figureText } from './figure-text.js'
import { formatCount } from '../terminal/format.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'

/** What `plan --strategies` has to show. */
export interface StrategiesReport {
  readonly title: string
  readonly table: StrategyTable
  /** Where the prices are from, or why there are none. */
  readonly pricesFrom: string
  readonly gaps: readonly string[]
  readonly simulation: string | undefined
}

const columns = ['strategy', 'first deploy', 'next deploys', 'base rebuild', 'a month'] as const

/** The comparison of the strategies as people read it. */
export function strategiesText({ title, table, pricesFrom, gaps, simulation }: StrategiesReport, page: Page): string {
  const { rows, deploysPerDay, endless } = table
  const head = simulatedLines(page, simulation)
  const recommended = rows.find((row) => row.recommended)
  return [
    ...head,
    `${page.paint('strong', title)}: strategies at ${deploysPerDay} deploys a day`,
    '',
    ...(isNarrow(page)
      ? rows.flatMap((row) => ['', ...narrowRow(row, presentOf(rows), page)]).slice(1)
      : tableLines(rows, page)),
    '',
    ...(recommended === undefined ? [] : adviceLines(recommended, page)),
    ...endless.map((name) => `${sign(page, 'warn')} ${name}: its rollout would never end under these rules`),
    ...unpricedLines(rows, page),
    ...numberLines(table, page),
    `  ${page.paint('dim', pricesFrom)}`,
    ...gaps.map((gap) => `${sign(page, 'warn')} not read, ${gap}`),
  ].join('\n')
}

/** What keeps a row from having a total, each once, with the rows that it keeps. */
function unpricedLines(rows: readonly StrategyRow[], page: Page): readonly string[] {
  const things = [...new Set(rows.flatMap(({ unpriced }) => unpriced))]
  return things.map((thing) => {
    const without = rows.filter(({ unpriced }) => unpriced.includes(thing)).map(({ name }) => name)
    const who = without.length === rows.length ? 'no strategy' : without.join(', ')
    const has = without.length === rows.length ? 'has a total' : without.length === 1 ? 'has none' : 'have none'
    return `${sign(page, 'warn')} no price of ${thing}: ${who} ${has}`
  })
}

const cellsOf = (row: StrategyRow, present: StrategyRow | undefined): readonly string[] => [
  row.title,
  spanText(row.first),
  spanText(row.next),
  row.rebuild === null ? '-' : spanText(row.rebuild),
  moneyText(row, present),
]

/** Dollars a month, and how many more or fewer than now. */
function moneyText({ monthly, name }: StrategyRow, present: StrategyRow | undefined): string {
  if (monthly === null) return '?'
  const total = `$${Math.round(monthly)}`
  if (present === undefined || present.monthly === null || present.name === name) return total
  const more = Math.round(monthly - present.monthly)
  return more === 0 ? total : `${total} (${more > 0 ? '+' : '-'}$${Math.abs(more)})`
}

const markOf = (row: StrategyRow, page: Page): string =>
  row.recommended ? `${sign(page, 'arrow')} recommended` : row.adopted ? `${sign(page, 'ok')} in use` : ''

/** A span in the unit of its middle, e.g. `3.4 to 3.6 min`. */
function spanText({ low, high, value }: Span): string {
  if (high < 60_000) return `${Math.round(value / 1000)} s`
  const [from, to] = [low, high].map((time) => (time / 60_000).toFixed(1))
  return from === to ? `${from} min` : `${from} to ${to} min`
}

/** What the project does now: the last one of those in use. */
const presentOf = (rows: readonly StrategyRow[]): StrategyRow | undefined => rows.findLast(({ adopted }) => adopted)

function tableLines(rows: readonly StrategyRow[], page: Page): readonly string[] {
  const present = presentOf(rows)
  const all = [columns, ...rows.map((row) => cellsOf(row, present))]
  const widths = columns.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [
    page.paint('dim', line(columns)),
    ...rows.map((row) => {
      const text = line(cellsOf(row, present))
      return `${row.recommended ? page.paint('strong', text) : text}  ${markOf(row, page)}`.trimEnd()
    }),
  ]
}

function narrowRow(row: StrategyRow, present: StrategyRow | undefined, page: Page): readonly string[] {
  const [title = '', ...cells] = cellsOf(row, present)
  return [
    `${page.paint('strong', title.trim())} ${markOf(row, page)}`.trimEnd(),
    ...cells.map((cell, index) => `  ${columns[index + 1]} ${cell}`),
  ]
}

function adviceLines(row: StrategyRow, page: Page): readonly string[] {
  const title = row.title.trim()
  if (row.adopted) return [`${sign(page, 'ok')} ${title} is in use already: nothing here is worth a change.`]
  return [
    `${sign(page, 'arrow')} ${title} needs ${row.needs}.`,
    ...row.adopt.map((step) => `    ${step}`),
    '  the way there, step by step: rampart plan --adopt',
  ]
}

/** What each service ships, and which part of that is supposed. */
function sizeLines({ services }: StrategyTable, page: Page): readonly string[] {
  return services.map(({ name, dependencyBytes, models, appBytes, supposed = [] }) => {
    const basis = (size: SizeName): string => (supposed.includes(size) ? 'assumed' : 'measured')
    const sum = models.reduce((all, { bytes }) => all + bytes, 0)
    const parts = [
      `${formatBytes(dependencyBytes)} of dependencies (${basis('dependencyBytes')})`,
      ...(models.length === 0
        ? []
        : [`${formatBytes(sum)} in ${formatCount(models.length, 'model')} (${basis('modelBytes')})`]),
      `${formatBytes(appBytes)} of code (${basis('appBytes')})`,
    ]
    return `  ${name} ${page.paint('dim', `ships ${parts.join(', ')}`)}`
  })
}

const isSize = (name: string): name is SizeName => (sizeNames as readonly string[]).includes(name)

/** Every number that went into the table, with where it comes from; of supposed sizes those that stand for something. */
function numberLines(table: StrategyTable, page: Page): readonly string[] {
  const { figures, services } = table
  const used = (name: string): boolean => !isSize(name) || services.some(({ supposed = [] }) => supposed.includes(name))
  const rows = assumptionNames.filter(used).map((name) => {
    const figure = figures[name]
    return { name, text: figureText(name, figure), figure }
  })
  const width = Math.max(...rows.map(({ name, text }) => name.length + text.length))
  return [
    '',
    page.paint('strong', 'Numbers') + page.paint('dim', '  give your own with --assume NAME=VALUE'),
    ...sizeLines(table, page),
    ...rows.map(({ name, text, figure }) => {
      const gap = ' '.repeat(width - name.length - text.length)
      const { what } = assumptions[name]
      return `  ${name} ${gap}${text}  ${page.paint('dim', `${figure.basis}: ${what} (${figure.from})`)}`
    }),
  ]
}
