import type { MonitoringItem } from '../domain/monitoring.js'
import { cleanLine } from '../terminal/clean.js'
import { sign, simulatedLines, type Page, type SignName } from './page.js'

export interface MonitoringReport {
  readonly environment: string
  readonly items: readonly MonitoringItem[]
  /** Whether it was made so, or only looked at. */
  readonly applied: boolean
  /** Names of what waits for a yes. */
  readonly left: readonly string[]
}

const planned = {
  none: { sign: 'ok', words: 'as it should be' },
  create: { sign: 'fail', words: 'missing' },
  change: { sign: 'warn', words: 'differs' },
  remove: { sign: 'warn', words: 'no longer wanted' },
  foreign: { sign: 'fail', words: 'is not of this environment' },
} as const satisfies Record<MonitoringItem['action'], { readonly sign: SignName; readonly words: string }>

const done = {
  ...planned,
  create: { sign: 'ok', words: 'created' },
  change: { sign: 'ok', words: 'changed' },
  remove: { sign: 'ok', words: 'removed' },
} as const satisfies typeof planned | Record<MonitoringItem['action'], unknown>

const states: Readonly<Record<string, SignName>> = { OK: 'ok', ALARM: 'fail', INSUFFICIENT_DATA: 'warn' }

/** As much of a value as fits beside another one; `--json` has it whole. */
function value(one: unknown): string {
  const text = one === null ? 'nothing' : cleanLine(JSON.stringify(one))
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 3)}...` : text
}

const shownCharacters = 70

function lines(
  item: MonitoringItem,
  { applied, left }: MonitoringReport,
  page: Page,
  width: number,
): readonly string[] {
  const { kind, name, action, state, reason, drift, guards } = item
  const isLeft = left.includes(name)
  const said = applied && !isLeft ? done[action] : planned[action]
  const shown =
    state === null ? '' : `  ${sign(page, states[state] ?? 'warn')} ${state}${guards ? ', watched by rollouts' : ''}`
  const waits = isLeft ? ': --yes removes it' : ''
  return [
    `${kind.padEnd(12)} ${name.padEnd(width)}  ${sign(page, said.sign)} ${said.words}${waits}${shown}`,
    ...(state === 'ALARM' && reason !== null ? [`  ${cleanLine(reason)}`] : []),
    ...drift.map((one) => `  ${one.field}: ${value(one.is)} ${sign(page, 'arrow')} ${value(one.wanted)}`),
  ]
}

/** What watches an environment, one thing in a line, with what differs below it. */
export function monitoringText(report: MonitoringReport, page: Page, simulation: string | undefined): string {
  const { items, applied, left, environment } = report
  const width = Math.max(0, ...items.map(({ name }) => name.length))
  const open = items.filter(({ action, name }) => action !== 'none' && (!applied || left.includes(name))).length
  const changed = items.filter(({ action }) => action !== 'none').length - open
  const end =
    open > 0
      ? `${sign(page, 'warn')} warning  ${open} of ${items.length} ${open === 1 ? 'is' : 'are'} not as rampart.yml says`
      : applied && changed > 0
        ? `${sign(page, 'ok')} ok  ${changed} of ${items.length} changed in ${environment}`
        : `${sign(page, 'ok')} ok  ${applied ? 'nothing to do: ' : ''}all ${items.length} are as rampart.yml says`
  return [...simulatedLines(page, simulation), ...items.flatMap((item) => lines(item, report, page, width)), end].join(
    '\n',
  )
}
