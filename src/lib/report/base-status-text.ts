import type { BaseState, BaseStatus, PartChange } from '../domain/base-status.js'
import { formatBytes } from '../domain/format-bytes.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount, formatDuration } from '../terminal/format.js'
import { fit, sign, type Page, type SignName } from './page.js'
import { shortDigest } from '../words/run.js'

const day = 86_400_000

const verdicts: Readonly<Record<BaseState, { readonly sign: SignName; readonly words: string }>> = {
  fresh: { sign: 'ok', words: 'fresh: it is what its sources say' },
  stale: { sign: 'fail', words: 'stale: it was built from other sources than these' },
  unproved: { sign: 'fail', words: 'not proved for the app as it is now' },
  old: { sign: 'fail', words: 'stale: it is older than its configuration allows' },
  unlabelled: { sign: 'warn', words: 'unknown: it does not say what it was made of' },
  missing: { sign: 'fail', words: 'missing: the registry has none' },
}

/** What one base is, for a person: verdict, changes, age, sizes, models and what stands on it. */
export function baseStatusText(status: BaseStatus, page: Page): string {
  const { state, digest, fingerprint, built } = status
  const verdict = verdicts[state]
  const found = fingerprint.found === null ? '' : ` (fingerprint ${fingerprint.found.slice(0, 12)})`
  const command = `rampart base build --service ${status.service}`
  const isThere = built && (state === 'stale' || state === 'missing')
  const remedy = isThere ? `${command}: the base of these sources is in the registry, and only gets the tag` : command
  return [
    `Base of ${page.paint('strong', status.service)}: ${status.image}${digest === null ? '' : ` ${shortDigest(digest)}`}${cleanLine(found) === '' ? '' : found}`,
    `${sign(page, verdict.sign)} ${verdict.words}`,
    ...(status.changes ?? []).map((change) => `  ${changeWords(change)}`),
    ...(state === 'fresh' || state === 'unlabelled' ? [] : [`  ${sign(page, 'arrow')} ${remedy}`]),
    ...ageLines(status),
    ...sizeLines(status, page),
    ...useLines('Used by', status.usedBy),
    ...useLines('On another', status.notUsedBy),
  ].join('\n')
}

function changeWords({ part, change, from, to }: PartChange): string {
  const values = from === undefined && to === undefined ? '' : `: ${from ?? 'nothing'} is now ${to ?? 'nothing'}`
  return cleanLine(`${part} ${change}${from === to ? '' : values}`)
}

const duration = (milliseconds: number): string =>
  milliseconds >= 2 * day ? formatCount(Math.floor(milliseconds / day), 'day') : formatDuration(milliseconds)

function ageLines({ age, maxAge }: BaseStatus): readonly string[] {
  if (age === null) return []
  return [`Age        ${duration(age)}${maxAge === null ? '' : `, of at most ${duration(maxAge)}`}`]
}

function sizeLines({ bytes, layers, models }: BaseStatus, page: Page): readonly string[] {
  if (bytes === null) return []
  return [
    `Size       ${formatBytes(bytes)} in ${formatCount(layers.length, 'layer')}`,
    ...layers.map(
      ({ bytes: size, instruction }) =>
        `  ${formatBytes(size).padStart(8)}  ${fit(cleanLine(instruction ?? 'not in the history'), page, 12)}`,
    ),
    ...models.map(
      ({ id, revision, bytes: size }) =>
        `${'Model'.padEnd(10)} ${cleanLine(id)} at ${cleanLine(revision).slice(0, 12)}, ${formatBytes(size)}`,
    ),
  ]
}

/** How many images are named of those that stand on a base, the newest releases among them. */
const shownUses = 8

function useLines(label: string, images: BaseStatus['usedBy']): readonly string[] {
  const more = images.length - shownUses
  return [
    ...images
      .slice(0, shownUses)
      .map(({ name, digest }) => `${label.padEnd(10)} ${cleanLine(name)} ${shortDigest(digest)}`),
    ...(more > 0 ? [`${' '.repeat(10)} and ${more} more: --json names them`] : []),
  ]
}
