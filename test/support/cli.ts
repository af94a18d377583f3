import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const bin = join(root, 'bin/run.js')

/** A home that goes with the test, and with what a process that was killed may still write into it. */
function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'rampart-home-'))
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 3 }))
  return home
}

/** An environment as a new user has it: an empty HOME, no AWS, no colour, no CI. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: extra['HOME'] ?? emptyHome(),
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    // Where the run's other temporary files are, so that nothing is left when a process is killed.
    TMPDIR: tmpdir(),
    ...extra,
  }
}

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly process: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly finished: Promise<Finished>
  /** Resolves when the text turns up in either stream; rejects when the process ends without it. */
  waitFor(text: string | RegExp): Promise<void>
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Starts rampart as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd ?? root,
    env: options.env ?? cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    wake()
  })
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
      wake()
    })
  })
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    finished,
    waitFor: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const seen = stdout + stderr
          if (typeof text === 'string' ? seen.includes(text) : text.test(seen)) {
            waiting.delete(look)
            resolve()
          } else if (child.exitCode !== null || child.signalCode !== null) {
            waiting.delete(look)
            reject(new Error(`ended without ${String(text)}:\n${stdout}\n${stderr}`))
          }
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Runs rampart to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  return startCli(args, options).finished
}
