import { createReadStream } from 'node:fs'
import type { Performed, SharedFlags } from '../../base-command.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { decodeEvents, EventFormatError } from '../events/codec.js'
import type { Event } from '../events/event.js'
import { createReporter } from '../report/reporter.js'
import { resultJson } from '../report/result-json.js'
import { systemClock } from '../system/clock.js'
import { chooseColour } from '../terminal/colour.js'
import { chooseGlyphs } from '../terminal/glyphs.js'
import type { Mask } from '../terminal/mask.js'
import { onStop } from '../terminal/signals.js'
import { terminalWidth } from '../terminal/size.js'
import { modeOf, openReportsOf, openScreen } from './perform.js'
import type { Reporting } from './report-files.js'

interface ReplayFlags extends SharedFlags {
  readonly file: string
  /** Seconds of the recording in a second; 0 does not wait. */
  readonly speed: number
  readonly reporting: Reporting | undefined
}

/** The events of the last run in the file: several runs may have been recorded into one. */
async function lastRun(file: string): Promise<readonly Event[]> {
  const events: Event[] = []
  try {
    for await (const event of decodeEvents(createReadStream(file))) {
      if (event.seq === 1) events.length = 0
      events.push(event)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    // A run that was killed while it wrote leaves half a line behind: what came before it is whole.
    if (!(error instanceof EventFormatError) || events.length === 0) {
      throw new RampartError('usage', `${file} can not be played: ${why}`, {
        next: ['record one with: rampart deploy --record run.ndjson'],
        cause: error,
      })
    }
  }
  if (events.length === 0) throw new RampartError('usage', `${file} can not be played: there is no event in it.`)
  return events
}

/** It was masked when it was written, and the secrets of then are not known now. */
const mask: Mask = (text) => text

/** `rampart monitor --replay`: shows a recorded run as it was; nothing is asked of any cloud. */
export async function runReplay(flags: ReplayFlags): Promise<Performed> {
  const events = await lastRun(flags.file)
  const reports = await openReportsOf(flags.reporting, mask)
  const { stdout, stderr, env } = process
  const watch = { onTerminal: 'dashboard' } as const
  const mode = modeOf(flags, watch)
  const colour = (stream: NodeJS.WriteStream): boolean =>
    chooseColour({ noColourFlag: flags['no-color'], env, isTty: stream.isTTY })
  const controller = new AbortController()
  const { signal } = controller
  let stoppedBy: NodeJS.Signals | undefined
  onStop((by) => {
    stoppedBy = by
    controller.abort()
  })
  let clock = (): number => Date.parse(events[0]?.at ?? '')
  const screen =
    mode === 'dashboard'
      ? await openScreen({ colour: colour(stdout), now: () => clock(), actions: undefined })
      : undefined
  void screen?.closed.then(() => controller.abort())
  const reporter = await createReporter(mode, {
    ...(screen !== undefined && { screen }),
    stdout,
    stderr,
    colour: { stdout: colour(stdout), stderr: colour(stderr) },
    glyphs: chooseGlyphs(env),
    width: terminalWidth(stderr, env),
    mask,
    now: () => clock(),
    result: !flags.json && screen === undefined,
  })
  if (mode === 'plain' || mode === 'list') stderr.write(`Recording ${flags.file}, ${speedWords(flags.speed)}\n`)
  try {
    const { replay } = await import('../dashboard/replay.js')
    const speed = flags.speed === 0 ? Number.POSITIVE_INFINITY : flags.speed
    const playing = replay(events, {
      speed,
      sleep: (milliseconds, stop) => systemClock.sleep(milliseconds, stop),
      sink: (event) => {
        reporter.event(event)
        reports?.event(event)
      },
      signal,
    })
    clock = () => playing.now()
    await playing.done
    await screen?.closed
  } finally {
    await reporter.close()
    const written = (await reports?.write()) ?? []
    if (written.length > 0) stderr.write(`${written.join('\n')}\n`)
  }
  const code = stoppedBy === undefined || screen !== undefined ? 0 : stopCode(stoppedBy)
  return { exitCode: code, result: resultJson(reporter.view()) }
}

const stopCode = (signal: NodeJS.Signals): number =>
  signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated

const speedWords = (speed: number): string => (speed === 0 ? 'played at once' : `played at ${speed}x`)
