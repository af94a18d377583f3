import { Command } from '@oclif/core/command'
import type { CLIError } from '@oclif/core/errors'
import * as Flags from '@oclif/core/flags'
import { exitCodes } from './lib/errors/exit-codes.js'
import { formatError } from './lib/errors/format.js'
import { RampartError } from './lib/errors/rampart-error.js'
import { surviveLostReaders } from './lib/terminal/gone.js'
import { isSwitchedOn } from './lib/terminal/progress.js'

/** What every command takes, as it was given. */
export interface SharedFlags {
  readonly config?: string | undefined
  readonly env?: string | undefined
  readonly progress?: string | undefined
  readonly 'no-color': boolean
  readonly json: boolean
}

const group = 'SHARED'

/** What a command's work comes to. */
export interface Performed {
  readonly exitCode: number
  /** What `--json` prints. */
  readonly result: unknown
}

/** The parent of all commands: shared flags, `--json`, and one clear error with the right exit code. */
export abstract class BaseCommand extends Command {
  static override readonly enableJsonFlag = true

  static override readonly baseFlags = {
    config: Flags.string({
      char: 'c',
      description: 'rampart.yml to use; looked for from here upwards when not given',
      env: 'RAMPART_CONFIG',
      helpGroup: group,
      helpValue: 'FILE',
    }),
    env: Flags.string({
      char: 'e',
      description: 'environment of rampart.yml to work on',
      env: 'RAMPART_ENV',
      helpGroup: group,
      helpValue: 'NAME',
    }),
    progress: Flags.string({
      description: 'how to show what happens; chosen from the terminal when not given',
      env: 'RAMPART_PROGRESS',
      helpGroup: group,
      options: ['list', 'plain', 'ndjson', 'quiet'],
    }),
    json: Flags.boolean({
      description: 'print the result as one JSON document',
      env: 'RAMPART_JSON',
      helpGroup: group,
    }),
    'no-color': Flags.boolean({
      description: 'no colour in any output',
      env: 'RAMPART_NO_COLOR',
      helpGroup: group,
    }),
  }

  override async init(): Promise<void> {
    surviveLostReaders([process.stdout, process.stderr])
    await super.init()
  }

  /** oclif asks the command line alone; every flag of rampart has an environment variable. */
  override jsonEnabled(): boolean {
    return super.jsonEnabled() || isSwitchedOn(process.env['RAMPART_JSON'])
  }

  /** Ends the command with what was performed: its result for `--json`, its exit code for the process. */
  protected finish(performed: Performed): unknown {
    process.exitCode = performed.exitCode
    return performed.result
  }

  /** One clear error for a person, or JSON, and the documented exit code. */
  protected override async catch(error: Error): Promise<void> {
    // Bad flags, help and exits are oclif's own.
    if ('oclif' in error) return super.catch(error as CLIError)
    const failure = error instanceof RampartError ? error : bug(error)
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(failure))
    else process.stderr.write(`${formatError(failure)}\n`)
    process.exitCode = failure.exitCode
  }

  // oclif's own dumps the whole error with the configuration of the program in it.
  protected override toErrorJson(error: unknown): unknown {
    if (error instanceof RampartError) {
      const { kind, exitCode, message, place, problems, next } = error
      return { error: { kind, exitCode, message, place, problems, next } }
    }
    const message = error instanceof Error ? error.message : String(error)
    return { error: { kind: 'usage', exitCode: exitCodes.usage, message, problems: [], next: [] } }
  }
}

function bug(error: Error): RampartError {
  if (process.env['DEBUG'] !== undefined) process.stderr.write(`${error.stack ?? ''}\n`)
  return new RampartError('bug', `This is a bug in rampart: ${error.message}`, {
    next: ['run the command again with DEBUG=rampart for the details, and report them'],
    cause: error,
  })
}
