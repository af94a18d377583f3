import type { CriterionLine } from '../domain/verification.js'
import { cleanLine } from '../terminal/clean.js'
import { checksSummary, checkWords } from './checks-text.js'
import { isNarrow, sign, type Page } from './page.js'

/** The criteria as a table in their groups, each with its result as glyph and word, and what it rests on. */
export function criteriaText(page: Page, criteria: readonly CriterionLine[]): readonly string[] {
  if (criteria.length === 0) return []
  const width = Math.max(...criteria.map(({ name }) => cleanLine(name).length))
  const groups = [...new Set(criteria.map(({ group }) => group))]
  return [
    '',
    page.paint('strong', 'Success criteria'),
    ...groups.flatMap((group) => [
      page.paint('dim', cleanLine(group)),
      ...criteria.filter((line) => line.group === group).flatMap((line) => criterionLines(page, line, width)),
    ]),
    page.paint('strong', checksSummary({ checks: criteria })),
  ]
}

function criterionLines(page: Page, { name, result, detail }: CriterionLine, width: number): readonly string[] {
  const state = `${sign(page, result)} ${checkWords[result].padEnd(4)}`
  const said = cleanLine(detail)
  if (isNarrow(page)) return [`${state}  ${cleanLine(name)}`, `  ${said}`]
  return [`${state}  ${cleanLine(name).padEnd(width)}  ${result === 'skip' ? page.paint('dim', said) : said}`]
}
