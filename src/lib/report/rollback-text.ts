import type { RollbackList, RollbackRow } from '../domain/rollback-list.js'
import { cleanLine } from '../terminal/clean.js'
import { shortDigest } from '../words/run.js'
import { sign, simulatedLines, type Page } from './page.js'
import { ageWords } from './releases-text.js'

/** What can be gone back to, as people read it; `now` in milliseconds since 1970. */
export function rollbackText(list: RollbackList, page: Page, now: number, simulation: string | undefined): string {
  const { app, environment, fleet, candidates, running, serving, goneBack } = list
  const what = serving.release ?? `version ${serving.revision.number}`
  return [
    ...simulatedLines(page, simulation),
    `${page.paint('strong', `${app}, ${environment}`)}: what ${fleet} can go back to`,
    ...(running === null
      ? []
      : [`${sign(page, 'running')} a rollout is under way (${running}): rampart rollback returns to ${what}`]),
    ...(goneBack === null
      ? []
      : [`${sign(page, 'warn')} ${goneBack} has gone back already: rampart rollback goes further only with --to`]),
    ...(candidates.length === 0 ? ['The ledger holds no release.'] : []),
    ...candidates.flatMap((row) => ['', ...rowLines(row, page, now)]),
  ].join('\n')
}

function rowLines(row: RollbackRow, page: Page, now: number): readonly string[] {
  const { number, release, version, subject, images, serving, proved } = row
  const name = [`#${number}`, release, cleanLine(version ?? '')].filter((part) => part !== '').join('  ')
  const mark = sign(page, serving || proved ? 'done' : 'warn')
  const notes = [
    serving ? page.paint('good', 'serves now') : undefined,
    row.default ? page.paint('active', 'taken by rampart rollback') : undefined,
  ].filter((note) => note !== undefined)
  return [
    `${mark} ${page.paint('strong', name)}${notes.map((note) => `  ${note}`).join('')}`,
    `     ${stateOf(row, now)}${subject === null || subject === '' ? '' : `  ${cleanLine(subject)}`}`,
    ...images.map(({ service, digest }) => `     ${service}  ${shortDigest(digest)}`),
  ]
}

function stateOf({ proved, outcome, startedAt }: RollbackRow, now: number): string {
  const words = proved ? 'proved' : `not proved (${outcome ?? 'its run was lost'})`
  const age = now - Date.parse(startedAt)
  return Number.isNaN(age) || age < 0 ? words : `${words}, ${ageWords(age)} ago`
}

/** One line of it, for a person who chooses. */
export function candidateLine(row: RollbackRow, now: number): string {
  const parts = [`#${row.number}`, row.release, row.version ?? '', stateOf(row, now), row.subject ?? '']
  return cleanLine(parts.filter((part) => part !== '').join('  '))
}
