import { RampartError } from '../errors/rampart-error.js'

/** How a run shows itself, richest first. */
export const progressModes = ['dashboard', 'list', 'plain', 'ndjson', 'quiet'] as const

/** A word of {@link progressModes}. */
export type ProgressMode = (typeof progressModes)[number]

/** The part of a process environment that a decision reads. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface ProgressQuestion {
  /** What `--progress` says, when it was given. */
  readonly flag?: string | undefined
  readonly env: Environment
  readonly stdoutIsTty: boolean
  readonly stderrIsTty: boolean
}

// The first is the common word; the others belong to services that may run builds with a terminal and without it.
const buildServices = ['CI', 'GITHUB_ACTIONS', 'BUILDKITE', 'TEAMCITY_VERSION', 'TF_BUILD', 'JENKINS_URL']
// No one name is agreed on for a screen reader: ours, the one of Charm's programs, and Ink's.
const screenReaders = ['RAMPART_SCREEN_READER', 'ACCESSIBLE', 'INK_SCREEN_READER']

/** True for a variable that is set and says anything but no. */
export function isSwitchedOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no', 'off'].includes(value.trim().toLowerCase())
}

function readMode(text: string, source: string): ProgressMode {
  const mode = progressModes.find((word) => word === text)
  if (mode !== undefined) return mode
  throw new RampartError('usage', `${source} is ${JSON.stringify(text)}, which is no way to show progress`, {
    next: [`Use one of ${progressModes.join(', ')}.`],
  })
}

/**
 * `--progress`, else RAMPART_PROGRESS, else `list` on a terminal that a person watches and `plain` everywhere else.
 * A word that is no mode is a usage error. A dashboard that has no terminal to be drawn on becomes `plain`.
 */
export function chooseProgress({ flag, env, stdoutIsTty, stderrIsTty }: ProgressQuestion): ProgressMode {
  const variable = env['RAMPART_PROGRESS']?.trim()
  const asked =
    flag === undefined
      ? variable === undefined || variable === ''
        ? undefined
        : readMode(variable, 'RAMPART_PROGRESS')
      : readMode(flag, '--progress')
  if (asked === 'dashboard') return stdoutIsTty && stderrIsTty ? asked : 'plain'
  if (asked !== undefined) return asked
  const unwatched = !stderrIsTty || env['TERM'] === 'dumb' || buildServices.some((name) => isSwitchedOn(env[name]))
  return unwatched || screenReaders.some((name) => isSwitchedOn(env[name])) ? 'plain' : 'list'
}
