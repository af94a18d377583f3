import { once } from 'node:events'
import type { Performed, SharedFlags } from '../../base-command.js'
import { parseDuration } from '../config/scalars.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { Interruption } from '../operations/run.js'
import { showLogs } from '../operations/logs.js'
import type { LogLine } from '../ports/log-source.js'
import { lineJson, lineText, type ShownLine } from '../report/log-text.js'
import { isGone } from '../terminal/gone.js'
import { createMask } from '../terminal/mask.js'
import { onStop } from '../terminal/signals.js'
import { configure, performance } from './configure.js'
import { connect } from './connect.js'
import { streamPage } from './perform.js'

interface LogsFlags extends SharedFlags {
  readonly target: readonly string[]
  readonly service: readonly string[]
  readonly follow: boolean
  readonly since: string
  readonly grep?: string | undefined
  readonly poll: boolean
}

/** Milliseconds since 1970 of `10m`, counted back from now, or of a time as ISO 8601 writes it. */
function readSince(text: string, now: number): number {
  const back = parseDuration(text)
  if (back !== undefined) return now - back
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return time
  throw new RampartError('usage', `--since is ${JSON.stringify(text)}, which is no time.`, {
    next: ['give a duration such as 10m or 1h30m, or a time such as 2026-01-15T12:00:00Z'],
  })
}

/** The parts of a stream's name that are not the target's: for most agents, the service. */
const partsOf = (stream: string, target: string): readonly string[] =>
  stream.split('/').filter((part) => part !== target && part !== '')

/** `rampart logs`. */
export async function runLogs(flags: LogsFlags): Promise<Performed> {
  const config = await configure(flags)
  const { name, logs } = config.environment
  if (logs === undefined) {
    throw new RampartError('usage', `The environment ${name} does not say where its containers write their logs.`, {
      next: [`set environments.${name}.logs.group in rampart.yml to the CloudWatch log group`],
    })
  }
  const performing = performance('logs', config)
  const { clock, simulation } = performing
  const since = readSince(flags.since, clock.now())
  const { driver, logs: source } = await connect(config, performing)
  const mask = createMask(performing.secrets)
  const { stdout, stderr } = process
  const page = streamPage(stdout, flags)
  const controller = new AbortController()
  onStop((signal) => controller.abort(new Interruption(signal)))
  let closed = false
  stdout.on('error', (error) => {
    // The reader may go away at any time (`| head`): that ends the command, and is no failure of it.
    if (!isGone(error)) throw error
    closed = true
    controller.abort(new Interruption('SIGINT'))
  })
  stderr.on('error', (error) => {
    if (!isGone(error)) throw error
  })

  const shownLine = (line: LogLine): ShownLine => {
    const target = driver.targetOf(line.stream) ?? line.stream.split('/')[0] ?? ''
    return { ...line, target, parts: partsOf(line.stream, target), text: mask(line.text) }
  }
  const { grep } = flags
  const matches = (line: LogLine): boolean => {
    const { target, parts, text } = shownLine(line)
    if (flags.target.length > 0 && !flags.target.some((asked) => target.startsWith(asked))) return false
    if (flags.service.length > 0 && !flags.service.some((asked) => parts.includes(asked))) return false
    return grep === undefined || text.toLowerCase().includes(grep.toLowerCase())
  }
  const note = (text: string): void => {
    stderr.write(`${mask(text)}\n`)
  }
  if (simulation !== undefined) note(`SIMULATED: rehearsal cloud, ${simulation}; nothing of it is real`)
  const shown = await showLogs(
    {
      group: logs.group,
      since,
      follow: flags.follow,
      live: !flags.poll,
      // Instances' streams begin with their id, so that AWS can leave out the others; those of tasks end with it.
      streamPrefixes: flags.target.every((target) => /^i-[0-9a-f]+$/.test(target)) ? flags.target : [],
      matches,
    },
    {
      source,
      clock,
      signal: controller.signal,
      note,
      async write(lines) {
        const text = lines.map((line) =>
          flags.json
            ? lineJson(shownLine(line), simulation !== undefined)
            : lineText(shownLine(line), page, clock.now()),
        )
        if (!closed && !stdout.write(text.join(''))) {
          await once(stdout, 'drain', { signal: controller.signal }).catch(() => undefined)
        }
      },
    },
  )
  if (shown === 0 && !flags.follow && !controller.signal.aborted)
    note(`No such lines since ${new Date(since).toISOString()}.`)
  // Whoever follows ends it by Ctrl-C; whoever asked for what is there has not got all of it.
  const reason: unknown = controller.signal.reason
  const cut = !closed && reason instanceof Interruption && (!flags.follow || reason.ending === 'terminated')
  return { exitCode: cut ? exitCodes[reason.ending] : exitCodes.done, result: undefined }
}
