import { formatPlace, type Problem, type RampartError } from './rampart-error.js'

/** One thing that is wrong on one line: where, what, and what would be right. */
export function formatProblem(problem: Problem): string {
  const place = problem.place === undefined ? '' : `${formatPlace(problem.place)}: `
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`
  return `${place}${problem.message}${hint}`
}

function problemLines(problem: Problem): string[] {
  const place = problem.place === undefined ? '' : `${formatPlace(problem.place)}  `
  return [`  ${place}${problem.message}`, ...(problem.hint === undefined ? [] : [`    ${problem.hint}`])]
}

/** A failure as people read it: what happened, where, and what to do next. No stack trace. */
export function formatError(error: RampartError): string {
  const place = error.place === undefined ? '' : `${formatPlace(error.place)}: `
  return [
    `Error: ${place}${error.message}`,
    ...error.problems.flatMap(problemLines),
    ...(error.next.length === 0 ? [] : ['Next:', ...error.next.map((step) => `  ${step}`)]),
  ].join('\n')
}
