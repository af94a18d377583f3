import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { decodeEvent } from '../../src/lib/events/codec.js'
import type { Event } from '../../src/lib/events/event.js'
import { createReporter, type ReporterOptions } from '../../src/lib/report/reporter.js'
import type { ProgressMode } from '../../src/lib/terminal/progress.js'
import { unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'
import { createMask } from '../../src/lib/terminal/mask.js'

/** The recorded runs; a secret stands in the log of `bad-image`. */
export const recordings = ['healthy', 'bad-image', 'attached'] as const

export const secret = 's3cr$tPass'

export function recorded(name: (typeof recordings)[number]): Event[] {
  const lines = readFileSync(`test/fixtures/events/${name}.ndjson`, 'utf8').split('\n')
  return lines.flatMap((line, index) => decodeEvent(line, index + 1) ?? [])
}

export interface Played {
  readonly stdout: string
  readonly stderr: string
}

/** A stream that keeps what it is given, and may say that it is a terminal. */
function collector(isTTY: boolean): { readonly stream: PassThrough & { readonly isTTY: boolean }; text(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY })
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}

export interface PlayOptions extends Partial<Omit<ReporterOptions, 'stdout' | 'stderr'>> {
  readonly stdoutIsTty?: boolean
  readonly stderrIsTty?: boolean
}

/** Plays events into a reporter and gives what it wrote to each stream. */
export async function play(mode: ProgressMode, events: readonly Event[], options: PlayOptions = {}): Promise<Played> {
  const { stdoutIsTty = false, stderrIsTty = false, ...rest } = options
  const stdout = collector(stdoutIsTty)
  const stderr = collector(stderrIsTty)
  const reporter = await createReporter(mode, {
    colour: { stdout: false, stderr: false },
    glyphs: unicodeGlyphs,
    width: 100,
    mask: createMask([secret]),
    now: () => 0,
    ...rest,
    stdout: stdout.stream,
    stderr: stderr.stream,
  })
  for (const event of events) reporter.event(event)
  await reporter.close()
  return { stdout: stdout.text(), stderr: stderr.text() }
}
