import { formatBytes } from '../domain/format-bytes.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount } from '../terminal/format.js'
import { shortDigest } from '../words/run.js'
import { sign, simulatedLines, type Page } from './page.js'

/** Images that nothing needs any more, with the bytes of layers that no other image has. */
export interface OrphanList {
  readonly images: number
  readonly bytes: number
  /** Dollars a month; null when the price is not known. */
  readonly monthly: number | null
  readonly repositories: readonly {
    readonly repository: string
    readonly bytes: number
    /** `bytes` are those of the whole image; times in ISO 8601. */
    readonly images: readonly { readonly digest: string; readonly pushedAt: string; readonly bytes: number }[]
  }[]
}

/** What `plan --reclaim` has to show. */
export interface ReclaimReport {
  readonly title: string
  readonly list: OrphanList
  /** The command that deletes them, where nobody is asked. */
  readonly next: string | undefined
  readonly simulation: string | undefined
}

/** The images that can be reclaimed, as people read them. */
export function reclaimText({ title, list, next, simulation }: ReclaimReport, page: Page): string {
  const head = simulatedLines(page, simulation)
  const name = page.paint('strong', title)
  if (list.images === 0) {
    return [
      ...head,
      `${name}: ${sign(page, 'ok')} nothing to reclaim: every image is needed, has a tag, or is younger than a day`,
    ].join('\n')
  }
  const cost = list.monthly === null ? '' : `, $${list.monthly.toFixed(2)} a month`
  return [
    ...head,
    `${name}: ${formatCount(list.images, 'image')} that no release needs, ${formatBytes(list.bytes)}${cost}`,
    ...list.repositories.flatMap(({ repository, bytes, images }) => [
      '',
      `${page.paint('strong', repository)}  ${formatBytes(bytes)} of layers that no other image has`,
      ...images.map(
        ({ digest, pushedAt, bytes: whole }) =>
          `  ${shortDigest(digest)}  pushed ${pushedAt.slice(0, 10)}, ${formatBytes(whole)} in all`,
      ),
    ]),
    ...(next === undefined ? [] : ['', `Nothing was deleted. ${sign(page, 'arrow')} ${next}`]),
  ].join('\n')
}

/** What was deleted, as people read it. */
export function reclaimedText(
  { images, bytes, keptBack }: { readonly images: number; readonly bytes: number; readonly keptBack: readonly Kept[] },
  page: Page,
): string {
  return [
    '',
    `${sign(page, 'done')} done: ${formatCount(images, 'image')} deleted, ${formatBytes(bytes)} given back`,
    ...keptBack.map(
      ({ repository, digest, why }) =>
        `${sign(page, 'warn')} WARN ${repository}@${shortDigest(digest)} stays: ${cleanLine(why)}`,
    ),
  ].join('\n')
}

interface Kept {
  readonly repository: string
  readonly digest: string
  readonly why: string
}
