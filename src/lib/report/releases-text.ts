import type { FieldChange, ReleaseDifference } from '../domain/release-difference.js'
import type { ReleaseList, ReleaseRow } from '../domain/release-row.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount, formatDuration } from '../terminal/format.js'
import { shortDigest } from '../words/run.js'
import { sign, simulatedLines, type Page, type SignName } from './page.js'

const outcomes: Readonly<Record<string, readonly [SignName, string]>> = {
  done: ['done', 'done'],
  running: ['running', 'running'],
  recorded: ['detail', 'made by rampart, older than the ledger'],
  unknown: ['warn', 'outcome unknown'],
  rolledBack: ['failed', 'rolled back'],
  attention: ['failed', 'needs attention'],
  verification: ['failed', 'not proved'],
  preflight: ['failed', 'refused by the platform'],
}

const indent = '     '

/** The releases of an environment as people read them; `now` in milliseconds since 1970. */
export function releasesText(list: ReleaseList, page: Page, now: number, simulation: string | undefined): string {
  const { app, environment, fleet, releases, serving } = list
  const head = simulatedLines(page, simulation)
  const none = releases.length === 0 ? ['Nothing was released by rampart yet.'] : []
  // What serves need not be a release of ours, and then that is the news.
  const stranger = releases.some((row) => row.serving)
    ? []
    : [
        `${sign(page, 'warn')} ${fleet} serves ${serving.release ?? 'what rampart did not release'}, revision ${serving.revision.number} of ${serving.revision.name}`,
      ]
  const title = `${page.paint('strong', `${app}, ${environment}`)}: releases on ${fleet}`
  return [...head, title, ...stranger, ...none, ...releases.flatMap((row) => rowLines(row, page, now))].join('\n')
}

function rowLines(row: ReleaseRow, page: Page, now: number): readonly string[] {
  const [mark, words] = wordsOf(row)
  const name = [
    row.number === null ? '-' : `#${row.number}`,
    row.release ?? 'unknown release',
    versionOf(row),
    row.kind === 'rollback' ? 'rollback' : '',
  ].filter((part) => part !== '')
  const serving = row.serving ? page.paint('good', '  serves now') : ''
  return [
    '',
    `${sign(page, mark)} ${page.paint('strong', name.join('  '))}${serving}`,
    `${indent}${[words + (row.outcomeBy === 'platform' && row.number !== null ? ', says the platform' : ''), proofWords(row), verifiedWords(row), whenWords(row, now)].filter((part) => part !== '').join('; ')}`,
    ...phaseLine(row),
    ...sourceLine(row),
    ...row.images.map((image) => `${indent}${imageWords(image, row)}`),
    ...modelLines(row),
    ...whoLine(row),
  ]
}

function wordsOf({ outcome, verification }: ReleaseRow): readonly [SignName, string] {
  if (outcome === 'verification' && (verification?.failed.length ?? 0) > 0) {
    return ['failed', verification?.wentBack === true ? 'not verified, and taken back' : 'not verified']
  }
  return outcomes[outcome] ?? ['warn', outcome]
}

function verifiedWords({ verification }: ReleaseRow): string {
  if (verification === null) return ''
  const { ok, failed } = verification
  return failed.length === 0 ? `${formatCount(ok, 'check')} OK` : `failed ${cleanLine(failed.join(', '))}`
}

/** Where nothing is tagged, a version is the commit again, which stands below. */
function versionOf({ source }: ReleaseRow): string {
  const version = source?.version ?? ''
  return source?.commit.startsWith(version) === true ? '' : cleanLine(version)
}

function proofWords({ proof }: ReleaseRow): string {
  return proof === null ? '' : `${proof.proved} of ${formatCount(proof.total, 'target')} proved`
}

function whenWords({ startedAt }: ReleaseRow, now: number): string {
  if (startedAt === null) return ''
  const age = now - Date.parse(startedAt)
  return `${startedAt.slice(0, 16).replace('T', ' ')} UTC${age < 0 ? '' : `, ${ageWords(age)} ago`}`
}

/** How long ago something was, in milliseconds, as people say it. */
export function ageWords(age: number): string {
  const hours = Math.floor(age / 3_600_000)
  if (hours < 1) return `${Math.floor(age / 60_000)} min`
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

function phaseLine({ phases, predicted }: ReleaseRow): readonly string[] {
  if (phases.length === 0) return []
  const total = phases.reduce((sum, { duration }) => sum + duration, 0)
  const each = phases.map(({ phase, duration }) => `${phase} ${formatDuration(duration)}`).join(', ')
  const foretold = predicted === null ? '' : ` (predicted ${formatDuration(predicted)})`
  return [`${indent}${formatDuration(total)}${foretold}: ${each}`]
}

function sourceLine({ source }: ReleaseRow): readonly string[] {
  if (source === null) return []
  const dirty = source.dirty ? ' (with changes)' : ''
  return [`${indent}${`${source.commit.slice(0, 7)}${dirty} ${cleanLine(source.subject)}`.trimEnd()}`]
}

function imageWords({ service, repository, digest }: ReleaseRow['images'][number], { bases }: ReleaseRow): string {
  const base = service === null ? undefined : bases[service]
  const name = service ?? repository.slice(repository.indexOf('/') + 1)
  const on =
    base === undefined ? '' : ` on ${cleanLine(base.reference)}${base.digest ? ` ${shortDigest(base.digest)}` : ''}`
  return `${name} ${digest === null ? 'without a digest' : shortDigest(digest)}${on}`
}

function modelLines({ bases }: ReleaseRow): readonly string[] {
  const models = [...new Set(Object.values(bases).flatMap((base) => base.models))]
  return models.map((model) => {
    const at = model.lastIndexOf('@')
    return `${indent}model ${cleanLine(model.slice(0, at))} ${model.slice(at + 1, at + 13)}`
  })
}

function whoLine({ by, actor, host, link }: ReleaseRow): readonly string[] {
  if (by === null) return []
  const who = `by ${cleanLine(by)}${actor === null ? '' : ` (${cleanLine(actor)})`}`
  return [
    `${indent}${who}${host === null ? '' : ` on ${cleanLine(host)}`}${link === null ? '' : `  ${cleanLine(link)}`}`,
  ]
}

const nameOf = ({ number, release, revision }: ReleaseDifference['from']): string =>
  `${number === null ? '' : `#${number} `}${release ?? 'unknown release'} (revision ${revision.number} of ${revision.name})`

/** What differs between two releases as people read it. */
export function differenceText(difference: ReleaseDifference, page: Page, simulation: string | undefined): string {
  const { from, to, images, bases, models, configuration, gone } = difference
  return [
    ...simulatedLines(page, simulation),
    `From ${nameOf(from)}`,
    `To   ${nameOf(to)}`,
    ...section('Images', images, page),
    ...section('Bases', bases, page),
    ...section('Models', models, page),
    ...(configuration === null
      ? ['', `${sign(page, 'warn')} Configuration: not compared, ${gone.join(' and ')} does not exist any more`]
      : section('Configuration', configuration, page)),
  ].join('\n')
}

function section(title: string, changes: readonly FieldChange[], page: Page): readonly string[] {
  if (changes.length === 0) return ['', `${title}: the same`]
  return ['', page.paint('strong', title), ...changesLines(changes, page)]
}

/** The values that differ, before and after; what stands at one place, such as lines of a text, stands together. */
export function changesLines(changes: readonly FieldChange[], page: Page): readonly string[] {
  return changes.flatMap(({ path, from, to, masked }, index) => {
    const note = masked ? page.paint('dim', '  (masked)') : ''
    return [
      ...(changes[index - 1]?.path === path ? [] : [`  ${cleanLine(path)}`]),
      ...(from === null ? [] : [`    ${page.paint('bad', `- ${cleanLine(from)}`)}${note}`]),
      ...(to === null ? [] : [`    ${page.paint('good', `+ ${cleanLine(to)}`)}${note}`]),
    ]
  })
}
