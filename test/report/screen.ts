import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'

const ptyProgram = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url))

export interface Screen {
  readonly columns: number
  readonly rows: number
}

/** What a program left on a terminal, its scrolled-off lines included, and the bytes that it wrote. */
export interface Seen {
  readonly text: string
  readonly raw: string
  readonly exitCode: number | null
}

/** Runs a program on a pseudo-terminal and reads the screen as a real terminal would show it. */
export async function runOnTerminal(
  { columns, rows }: Screen,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Seen> {
  const child = spawn('python3', [ptyProgram, String(columns), String(rows), ...command], {
    env: { ...env, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const raw = Buffer.concat(chunks).toString('utf8')
  return { text: await render(raw, columns, rows), raw, exitCode }
}

/** The lines that a terminal of that size shows after those bytes, lines that wrapped as one. */
async function render(raw: string, columns: number, rows: number): Promise<string> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true })
  await new Promise<void>((resolve) => {
    terminal.write(raw, resolve)
  })
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let index = 0; index < buffer.length; index += 1) {
    const line = buffer.getLine(index)
    const text = line?.translateToString(true) ?? ''
    if (line?.isWrapped === true) lines.push((lines.pop() ?? '') + text)
    else lines.push(text)
  }
  terminal.dispose()
  return `${lines.join('\n').trimEnd()}\n`
}
