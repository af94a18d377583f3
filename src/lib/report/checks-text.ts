import type { Checkup, CheckupLine, CheckResult, Finding } from '../domain/checkup.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount } from '../terminal/format.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'

/** What a result is called. */
export const checkWords: Readonly<Record<CheckResult, string>> = { ok: 'OK', warn: 'WARN', fail: 'FAIL', skip: 'SKIP' }
const order: readonly CheckResult[] = ['ok', 'warn', 'fail', 'skip']

/** `22 OK, 1 WARN, 0 FAIL, 3 SKIP`. */
export function checksSummary({ checks }: { readonly checks: readonly Pick<CheckupLine, 'result'>[] }): string {
  return order
    .map((result) => `${checks.filter((check) => check.result === result).length} ${checkWords[result]}`)
    .join(', ')
}

/** The checks as a table, what is wrong with the way to mend it below its line. */
export function checksText(checkup: Checkup, page: Page, simulation: string | undefined): string {
  const { checks } = checkup
  const width = Math.max(0, ...checks.map(({ name }) => name.length))
  // Eighteen checks that wait for the same thing need not all say what it is.
  const said = new Set<string>()
  const again = ({ result, remedy }: CheckupLine): boolean => {
    if (result !== 'skip' || remedy === undefined) return false
    const before = said.has(remedy)
    said.add(remedy)
    return before
  }
  const lines = checks.flatMap((check) => {
    const state = `${sign(page, check.result)} ${checkWords[check.result].padEnd(4)}`
    const isBad = check.result === 'warn' || check.result === 'fail'
    const many = check.findings.length > 1
    const detail = cleanLine(many ? formatCount(check.findings.length, 'finding') : check.detail)
    const head = isNarrow(page)
      ? [`${state}  ${check.name}`, `  ${page.paint('dim', detail)}`]
      : [
          `${state}  ${check.name.padEnd(width)}  ${isBad || check.result === 'ok' ? detail : page.paint('dim', detail)}`,
        ]
    if (many) return [...head, ...check.findings.flatMap((one) => findingLines(page, one, true))]
    return again(check) ? head : [...head, ...findingLines(page, check, false)]
  })
  return [...simulatedLines(page, simulation), ...lines, '', page.paint('strong', checksSummary(checkup))].join('\n')
}

function findingLines(page: Page, { detail, place, remedy }: Finding, withDetail: boolean): readonly string[] {
  const indent = isNarrow(page) ? '  ' : '        '
  return [
    ...(withDetail
      ? [`${indent}${sign(page, 'detail')} ${place === undefined ? '' : `${cleanLine(place)}: `}${cleanLine(detail)}`]
      : []),
    ...(!withDetail && place !== undefined ? [`${indent}${sign(page, 'detail')} ${cleanLine(place)}`] : []),
    ...(remedy === undefined ? [] : [`${indent}${sign(page, 'arrow')} mend: ${cleanLine(remedy)}`]),
  ]
}
