import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'

const program = fileURLToPath(new URL('terminal.py', import.meta.url))
const player = fileURLToPath(new URL('player.js', import.meta.url))

/** A screen as a person sees it. */
export interface Picture {
  readonly rows: readonly string[]
  /** Rows that are the continuation of the one above: none, if nothing wraps. */
  readonly wrapped: number
  readonly alternate: boolean
  readonly cursorHidden: boolean
  readonly bracketedPaste: boolean
  readonly wraparound: boolean
}

export interface Left {
  readonly exit: number
  /** Whether the terminal's modes are as before; null when it has gone away. */
  readonly modesKept: boolean | null
}

/** A program on a real pseudo-terminal, and what a terminal shows of it. */
export interface Terminal {
  keys(text: string): void
  resize(columns: number, rows: number): void
  signal(name: string): void
  hang(): void
  /** Waits until the screen fulfils the condition; fails after some seconds with what it shows. */
  until(condition: (picture: Picture) => boolean): Promise<Picture>
  /** Everything written so far. */
  raw(): string
  /** Waits for the end of the program, and gives how it ended and what is on the screen then. */
  ended(): Promise<{ readonly left: Left; readonly picture: Picture }>
}

export interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the player of scenes on a terminal of its own. */
export function playOn(options: TerminalOptions, scene: string, how: object = {}): Terminal {
  return startOn(options, [process.execPath, '--no-warnings', player, scene, JSON.stringify(how)])
}

const patience = 20_000

/** Starts any program on a terminal of its own. */
export function startOn({ columns, rows, env }: TerminalOptions, command: readonly string[]): Terminal {
  const child = spawn('python3', [program, String(columns), String(rows), ...command], {
    env: { LANG: 'C.UTF-8', TERM: 'xterm-256color', PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const model = new xterm.Terminal({ cols: columns, rows, scrollback: 500, allowProposedApi: true })
  const chunks: Buffer[] = []
  const errors: Buffer[] = []
  let pending = Promise.resolve()
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    pending = pending.then(() => new Promise((resolve) => model.write(chunk, resolve)))
  })
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  child.stdin.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`)

  return {
    keys: (keys) => send({ keys }),
    resize(wide, high) {
      model.resize(wide, high)
      send({ size: [wide, high] })
    },
    signal: (name) => send({ signal: name }),
    hang: () => send({ hang: true }),
    async until(condition) {
      const deadline = performance.now() + patience
      for (;;) {
        await pending
        const picture = pictureOf(model)
        if (condition(picture)) return picture
        if (performance.now() > deadline || child.exitCode !== null) {
          const said = Buffer.concat(errors).toString()
          child.kill('SIGKILL')
          throw new Error(`not seen on the screen in time:\n${picture.rows.join('\n')}\n${said}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    raw: () => Buffer.concat(chunks).toString('utf8'),
    async ended() {
      const timer = setTimeout(() => child.kill('SIGKILL'), patience)
      await closed
      clearTimeout(timer)
      await pending
      const picture = pictureOf(model)
      model.dispose()
      const last = Buffer.concat(errors).toString().trim().split('\n').at(-1) ?? ''
      return { left: JSON.parse(last) as Left, picture }
    },
  }
}

interface Core {
  readonly coreService: { readonly isCursorHidden: boolean }
}

function pictureOf(model: xterm.Terminal): Picture {
  const buffer = model.buffer.active
  const rows: string[] = []
  let wrapped = 0
  const first = buffer.type === 'alternate' ? 0 : buffer.baseY
  for (let index = 0; index < model.rows; index += 1) {
    const line = buffer.getLine(first + index)
    rows.push(line?.translateToString(false, 0, model.cols).trimEnd() ?? '')
    if (line?.isWrapped === true) wrapped += 1
  }
  // The cursor's visibility is not part of the public interface.
  // oxlint-disable-next-line eslint/no-underscore-dangle -- its own name for it
  const { coreService } = (model as unknown as { readonly _core: Core })._core
  return {
    rows,
    wrapped,
    alternate: buffer.type === 'alternate',
    cursorHidden: coreService.isCursorHidden,
    bracketedPaste: model.modes.bracketedPasteMode,
    wraparound: model.modes.wraparoundMode,
  }
}
