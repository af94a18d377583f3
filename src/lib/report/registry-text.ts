import { formatBytes } from '../domain/format-bytes.js'
import type { MigratedImage, Migration } from '../domain/migration.js'
import type { ServiceTags } from '../domain/tag-report.js'
import { cleanLine } from '../terminal/clean.js'
import { shortDigest } from '../words/run.js'
import { isNarrow, sign, simulatedLines, type Page, type SignName } from './page.js'

const planned = { copy: 'to copy', tag: 'to tag', referrers: 'lacks referrers', none: 'there already' } as const
const done = { copy: 'copied', tag: 'tagged', referrers: 'completed', none: 'there already' } as const

function outcome({ action, result }: MigratedImage): { readonly name: SignName; readonly words: string } {
  if (result === 'failed') return { name: 'fail', words: 'failed' }
  if (action === 'none') return { name: 'skip', words: done.none }
  return result === 'planned' ? { name: 'waiting', words: planned[action] } : { name: 'ok', words: done[action] }
}

/** One row for each image of a migration, and what was sent in all. */
export function migrationText({ images, blobs, dryRun }: Migration, page: Page): string {
  const rows = images.map((image) => ({ image, name: nameOf(image), size: formatBytes(image.bytes) }))
  const width = Math.max(5, ...rows.map(({ name }) => name.length))
  const head = `${'Image'.padEnd(width)}  ${'Digest'.padEnd(12)}  ${'Size'.padStart(8)}  Outcome`
  const lines = rows.map(({ image, name, size }) => {
    const { name: glyph, words } = outcome(image)
    const facts = `${shortDigest(image.digest)}  ${size.padStart(8)}  ${sign(page, glyph)} ${words}${extras(image)}`
    return isNarrow(page) ? `${name}\n  ${facts}` : `${name.padEnd(width)}  ${facts}`
  })
  const { total, there, copied, mounted } = blobs
  const counts = dryRun
    ? [`to copy ${parts({ count: total.count - there.count, bytes: total.bytes - there.bytes })}`]
    : [`copied ${parts(copied)}`, `mounted ${parts(mounted)}`]
  return [
    ...(isNarrow(page) ? [] : [page.paint('dim', head)]),
    ...lines,
    `Blobs: ${[...counts, `there ${parts(there)}`].join(', ')}`,
  ].join('\n')
}

const parts = ({ count, bytes }: Migration['blobs']['total']): string => `${count} (${formatBytes(bytes)})`

function nameOf({ target, tags, digest }: MigratedImage): string {
  const repository = target.slice(target.indexOf('/') + 1)
  const [first, ...more] = tags
  if (first === undefined) return `${repository}@${shortDigest(digest)}`
  return `${repository}:${[first, ...more].join(', ')}`
}

function extras({ platforms, referrers, movedTags, error }: MigratedImage): string {
  const found = [
    ...(platforms > 1 ? [`${platforms} platforms`] : []),
    ...(referrers > 0 ? [`${referrers} ${referrers === 1 ? 'referrer' : 'referrers'}`] : []),
    ...(movedTags.length > 0 ? [`${movedTags.join(', ')} pointed elsewhere`] : []),
    ...(error === null ? [] : [cleanLine(error)]),
  ]
  return found.length === 0 ? '' : `: ${found.join(', ')}`
}

interface KeptLogin {
  readonly registry: string
  readonly username: string
  readonly kept: { readonly by: 'docker' | 'helper' | 'file'; readonly program?: string; readonly path?: string }
  readonly expiresAt: string | null
}

/** Where somebody is logged in now, who keeps the password, and until when it holds. */
export function loginText({ registry, username, kept, expiresAt }: KeptLogin, page: Page): string {
  const keeper =
    kept.by === 'docker'
      ? "kept by Docker's client"
      : kept.by === 'helper'
        ? `kept by ${kept.program ?? 'a credential helper'}`
        : `kept in ${kept.path ?? 'the configuration of Docker'}, readable for you alone and not encrypted`
  const until = expiresAt === null ? '' : `, valid until ${expiresAt}`
  return `${sign(page, 'ok')} ok  logged in at ${page.paint('strong', registry)} as ${username}, ${keeper}${until}`
}

const tagStates = {
  same: { sign: 'ok', words: 'ok' },
  other: { sign: 'fail', words: 'points to another image' },
  missing: { sign: 'fail', words: 'missing' },
  unknown: { sign: 'skip', words: 'not known: the image does not say its version or commit' },
} as const

/** Every tag of every service against the image that it should point to. */
export function tagsText(
  { services, notCompared }: { readonly services: readonly ServiceTags[]; readonly notCompared: string | null },
  page: Page,
  simulation: string | undefined,
): string {
  const missing = services.filter(({ good }) => !good).map(({ service }) => service)
  return [
    ...simulatedLines(page, simulation),
    ...(notCompared === null
      ? []
      : [
          `${sign(page, 'warn')} warning: what serves is not known, tags are compared with each other: ${cleanLine(notCompared)}`,
        ]),
    ...services.flatMap((service) => serviceLines(service, page)),
    missing.length === 0
      ? `${sign(page, 'ok')} ok  every service has every tag`
      : `${sign(page, 'fail')} failed  ${missing.join(', ')}: tags are missing or point elsewhere`,
  ].join('\n')
}

function serviceLines({ service, repository, digest, by, stored, tags }: ServiceTags, page: Page): readonly string[] {
  const what = by === 'serving' ? 'serves' : 'is tagged'
  const image = digest === null ? 'has no image' : `${what} ${shortDigest(digest)}`
  const width = Math.max(...tags.map(({ tag, template }) => (tag ?? template).length), 0)
  return [
    `${page.paint('strong', service)}  ${repository} ${image}`,
    ...(digest !== null && !stored ? [`  ${sign(page, 'fail')} the registry no longer has that image`] : []),
    ...tags.map(({ tag, template, digest: at, state }) => {
      const { sign: glyph, words } = tagStates[state]
      const points = at === null ? '-'.padEnd(12) : shortDigest(at)
      return `  ${(tag ?? template).padEnd(width)}  ${points}  ${sign(page, glyph)} ${words}`
    }),
  ]
}
