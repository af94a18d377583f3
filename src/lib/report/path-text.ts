import type { AdoptionPath, PathStep } from '../plan/path.js'
import { formatDuration } from '../terminal/format.js'
import { sign, simulatedLines, type Page } from './page.js'

/** What `plan --adopt` has to show. */
export interface PathReport {
  readonly title: string
  readonly path: AdoptionPath
  readonly gaps: readonly string[]
  readonly simulation: string | undefined
}

/** The way to the recommended strategy as people read it. */
export function pathText({ title, path, gaps, simulation }: PathReport, page: Page): string {
  const { steps } = path
  const goal = steps.at(-1)
  return [
    ...simulatedLines(page, simulation),
    `${page.paint('strong', title)}: ${goal === undefined ? 'no strategy can be compared under these rules' : `the way to ${goal.title}`}`,
    ...summaryLines(path),
    ...steps.flatMap((step) => ['', ...stepLines(step, page)]),
    ...(goal?.state === 'done'
      ? ['', `${sign(page, 'done')} done: what is recommended is in use; nothing here is worth a change.`]
      : []),
    ...(steps.length > 0 ? ['', 'Numbers, and where each comes from: rampart plan --strategies'] : []),
    ...gaps.map((gap) => `${sign(page, 'warn')} not read, ${gap}`),
  ].join('\n')
}

function summaryLines({ before, after, deploysPerDay, steps }: AdoptionPath): readonly string[] {
  if (before === undefined || after === undefined) return []
  const from = formatDuration(before.value)
  const rhythm = `at ${deploysPerDay} a day`
  if (steps.every(({ state }) => state === 'done')) return [`a deploy takes about ${from}, ${rhythm}`]
  const left = steps.filter(({ state }) => state !== 'done')
  const saved = left.reduce((all, { monthlyGain }) => all + monthlyGain, 0)
  return [
    `a deploy takes about ${from} now and ${formatDuration(after.value)} then; ${rhythm}, ${formatDuration(saved)} less waiting a month`,
  ]
}

function stepLines(step: PathStep, page: Page): readonly string[] {
  const { state, title, needs, commands } = step
  if (state === 'done') return [`${sign(page, 'done')} done: ${title}`, `    ${gainWords(step)}`]
  return [
    `${sign(page, state === 'next' ? 'arrow' : 'waiting')} ${page.paint('strong', `${weekWords(step)}: ${title}`)}`,
    `    ${gainWords(step)}`,
    `    needs ${needs}`,
    ...commands.map((command) => `      ${command}`),
  ]
}

function weekWords({ weeks }: PathStep): string {
  if (weeks === null) return ''
  return weeks.first === weeks.last ? `week ${weeks.first}` : `weeks ${weeks.first} to ${weeks.last}`
}

function gainWords({ gain, next, monthlyGain, monthlyCost, state }: PathStep): string {
  const amount = formatDuration(Math.abs(gain))
  const change = Math.abs(gain) < 1000 ? 'as long as before' : gain > 0 ? `${amount} less` : `${amount} more`
  const month = Math.abs(gain) < 1000 ? '' : `, ${formatDuration(Math.abs(monthlyGain))} a month`
  const cost =
    monthlyCost === null || Math.abs(monthlyCost) < 0.5
      ? ''
      : `; $${Math.round(Math.abs(monthlyCost))} ${monthlyCost > 0 ? 'more' : 'less'} a month`
  return `a deploy ${state === 'done' ? 'takes' : 'then takes'} about ${formatDuration(next.value)}: ${change}${month}${cost}`
}
