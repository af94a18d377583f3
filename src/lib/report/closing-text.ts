import { failingLogs } from '../view/standing.js'
import type { EndingView, View } from '../view/view.js'
import { sign, type Page } from './page.js'
import { outcomeSign } from './result-text.js'
import { endingWords } from '../words/run.js'

export interface ClosingParts {
  /** Say how it ended: when the result is not on the same screen. */
  readonly outcome: boolean
  /** Repeat the warnings: when they were not lines of their own. */
  readonly warnings: boolean
}

/** What a person needs after the last line: what failed, why, what goes on without us, and what to do next. */
export function closingText(page: Page, view: View, parts: ClosingParts): readonly string[] {
  const { ending } = view
  if (ending === undefined) return []
  const sections = [
    parts.outcome ? [outcomeLine(page, view, ending)] : [],
    parts.warnings ? warnings(page, view) : [],
    ending.exitCode === 0 ? [] : problems(page, view, ending),
    ending.exitCode === 0 ? [] : cause(page, view),
    goesOn(page, view),
    whatNext(page, view, ending),
  ]
  return sections.flatMap((lines) => (lines.length === 0 ? [] : ['', ...lines]))
}

function outcomeLine(page: Page, view: View, ending: EndingView): string {
  const code = ending.exitCode === 0 ? '' : ` (exit code ${ending.exitCode})`
  const message = ending.message === '' ? '' : `: ${ending.message}`
  return `${sign(page, outcomeSign(view, ending))} ${endingWords(ending)}${code}${message}`
}

function warnings(page: Page, view: View): string[] {
  return view.warnings.flatMap(({ message, next }) => [
    `${sign(page, 'warn')} warning: ${message}`,
    ...next.map((step) => `  ${sign(page, 'arrow')} ${step}`),
  ])
}

/** What the ending says was found wrong; where it says nothing of them, the failed checks and targets themselves. */
function problems(page: Page, view: View, { problems: found }: EndingView): string[] {
  if (found.length > 0) return found.map((problem) => `  ${sign(page, 'fail')} ${problem}`)
  return [...failedChecks(page, view), ...unproved(page, view)]
}

function failedChecks(page: Page, view: View): string[] {
  return view.checks
    .filter(({ result }) => result === 'fail')
    .flatMap(({ name, detail, remedy }) => [
      `${sign(page, 'fail')} check failed: ${name}: ${detail}`,
      ...(remedy === undefined ? [] : [`  ${sign(page, 'arrow')} ${remedy}`]),
    ])
}

function unproved(page: Page, view: View): string[] {
  return (view.proof?.targets ?? [])
    .filter(({ proved }) => !proved)
    .map(({ target, detail }) => `${sign(page, 'fail')} not proved: ${target}: ${detail}`)
}

/** The cause with what shows it; when none was found, the last words of the targets that failed. */
function cause(page: Page, view: View): string[] {
  if (view.cause !== undefined) {
    return [
      `${page.paint('strong', 'Cause')}: ${view.cause.summary} (${view.cause.code})`,
      ...view.cause.evidence.map((line) => `  ${sign(page, 'detail')} ${line}`),
    ]
  }
  return [...failingLogs(view)].flatMap(([target, lines]) =>
    lines.length === 0
      ? []
      : [`Last lines of ${target}:`, ...lines.map(({ text }) => `  ${sign(page, 'detail')} ${text}`)],
  )
}

function goesOn(page: Page, view: View): string[] {
  if (view.detached === undefined) return []
  const { goesOn: what, comeBack } = view.detached
  return [
    `${page.paint('strong', 'Goes on without us')}: ${what}`,
    `  ${sign(page, 'arrow')} come back with: ${comeBack}`,
  ]
}

function whatNext(page: Page, view: View, ending: EndingView): string[] {
  const steps = [...new Set([...(ending.exitCode === 0 ? [] : (view.cause?.next ?? [])), ...ending.next])]
  return steps.length === 0
    ? []
    : [`${page.paint('strong', 'Next')}:`, ...steps.map((step) => `  ${sign(page, 'arrow')} ${step}`)]
}
