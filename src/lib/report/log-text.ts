import { cleanLines } from '../terminal/clean.js'
import type { Page } from './page.js'

/** A line of a target's log, as it is shown. */
export interface ShownLine {
  readonly target: string
  readonly stream: string
  /** What the stream's name says beside the target, e.g. the service. */
  readonly parts: readonly string[]
  /** Milliseconds since 1970. */
  readonly time: number
  readonly text: string
}

/** A progress bar that drew itself over and over with carriage returns is shown as it was last. */
const lastDrawn = (line: string): string => {
  const drawn = line.replace(/\r+$/, '')
  return drawn.slice(drawn.lastIndexOf('\r') + 1)
}

const linesOf = (text: string): readonly string[] => cleanLines(text.split('\n').map(lastDrawn).join('\n'))

/** The time of day in UTC, and the day where it is another one. */
function timeOf(time: number, now: number): string {
  const text = new Date(time).toISOString()
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? text.slice(11) : text
}

/** For people: `12:00:03.114Z i-0645704820a8e83ff/backend  text`; the lines of one event all begin so. */
export function lineText({ target, parts, time, text }: ShownLine, { paint }: Page, now: number): string {
  const [who = ''] = cleanLines([target, ...parts].join('/'))
  const head = `${paint('dim', timeOf(time, now))} ${paint('strong', who)}  `
  return linesOf(text)
    .map((line) => `${head}${line}\n`)
    .join('')
}

/** For programs: one JSON document on one line. */
export function lineJson({ target, stream, time, text }: ShownLine, simulated: boolean): string {
  const line = {
    v: 1,
    simulated,
    time: new Date(time).toISOString(),
    target,
    stream,
    text: linesOf(text).join('\n'),
  }
  return `${JSON.stringify(line)}\n`
}
