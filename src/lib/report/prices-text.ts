import type { PriceChange } from '../plan/renew-prices.js'
import { formatCount } from '../terminal/format.js'
import { sign, simulatedLines, type Page } from './page.js'

/** The prices of a region as AWS's list has them. */
export interface RefreshedRegion {
  readonly region: string
  /** How many instance types, and how many of the other prices. */
  readonly instances: number
  readonly others: number
  /** Against the table that was planned with before. */
  readonly changes: readonly PriceChange[]
  readonly missing: readonly string[]
}

/** What `prices refresh` has to show. */
export interface RefreshReport {
  readonly file: string
  readonly regions: readonly RefreshedRegion[]
  /** What makes plans use the file; undefined where they do. */
  readonly next: string | undefined
  readonly simulation: string | undefined
}

/** More than that are counted only. */
const shown = 10

const money = (price: number | null): string => (price === null ? 'none' : `$${price}`)

/** What AWS's list has and how it differs, as people read it. */
export function refreshText({ file, regions, next, simulation }: RefreshReport, page: Page): string {
  return [
    ...simulatedLines(page, simulation),
    ...regions.flatMap(({ region, instances, others, changes, missing }) => [
      `${sign(page, 'ok')} ${page.paint('strong', region)}: ${formatCount(instances, 'instance type')} and ${formatCount(others, 'other price')}`,
      ...changes
        .slice(0, shown)
        .map(({ what, from, to }) => `  ${what}: ${money(from)} ${sign(page, 'arrow')} ${money(to)}`),
      ...(changes.length > shown ? [`  and ${changes.length - shown} more that differ from the table before`] : []),
      ...missing.map((what) => `  ${sign(page, 'warn')} no price of ${what} in ${region}`),
    ]),
    `Written to ${file}${next === undefined ? '' : ` ${sign(page, 'arrow')} ${next}`}`,
  ].join('\n')
}
