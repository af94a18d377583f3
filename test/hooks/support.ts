import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventBody } from '../../src/lib/events/event.js'
import type { HookOptions } from '../../src/lib/hooks/run-hook.js'
import type { Clock } from '../../src/lib/ports/clock.js'
import { systemClock } from '../../src/lib/system/clock.js'
import { createPrograms } from '../../src/lib/system/programs.js'
import { stripControl } from '../../src/lib/terminal/clean.js'
import { createMask } from '../../src/lib/terminal/mask.js'
import { temporaryDirectory } from '../support/project.js'

/** A folder of hooks with these scripts for `sh`; it goes with the test. */
export async function hookFolder(scripts: Readonly<Record<string, string>>, mode = 0o755): Promise<string> {
  const directory = await temporaryDirectory('hooks')
  for (const [name, script] of Object.entries(scripts)) await writeHook(directory, name, script, mode)
  return directory
}

/** Writes one executable hook. */
export async function writeHook(directory: string, name: string, script: string, mode = 0o755): Promise<string> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, name)
  await writeFile(path, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`)
  // Whatever the umask is.
  await chmod(path, mode)
  return path
}

/** A clock on which nothing ends before {@link HeldClock.ring} lets it. */
export class HeldClock implements Clock {
  readonly #sleepers = new Map<() => void, number>()

  now(): number {
    return 0
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.set(resolve, milliseconds)
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(resolve)
        reject(signal.reason as Error)
      })
    })
  }

  /** Ends every sleep, and says how long they were to be. */
  ring(): readonly number[] {
    const lengths = [...this.#sleepers.values()]
    for (const wake of this.#sleepers.keys()) wake()
    this.#sleepers.clear()
    return lengths
  }
}

export const secret = 'hunter2-and-more'

/** What hooks are run with, in the folder of that path. */
export function hookOptions(directory: string, changes: Partial<HookOptions> = {}): HookOptions {
  const mask = createMask([secret])
  return {
    programs: createPrograms(systemClock),
    clock: systemClock,
    timeout: 60_000,
    directory,
    environment: { PATH: process.env['PATH'] },
    clean: (text) => mask(stripControl(text)),
    ...changes,
  }
}

/** Takes events, and lets others wait for one. */
export function listen(controller = new AbortController()) {
  const events: EventBody[] = []
  const waiting = new Set<() => void>()
  return {
    events,
    controller,
    run: {
      signal: controller.signal,
      emit: (event: EventBody): void => {
        events.push(event)
        for (const look of waiting) look()
      },
    },
    lines: (): readonly string[] => events.flatMap((event) => (event.type === 'hook.line' ? [event.text] : [])),
    /** Resolves when a hook has written that line. */
    line: (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (events.some((event) => event.type === 'hook.line' && event.text === text)) {
            waiting.delete(look)
            resolve()
          }
        }
        waiting.add(look)
        look()
      }),
  }
}

/** True while a process is there; one that has ended and that nobody has asked for its end is not. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
