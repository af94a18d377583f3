import type { RunStep, Situated } from './build-file.js'
import { downloadKind, namedModels, type DownloadKind } from '../shell/downloads.js'
import { readShell, type ShellCommand } from '../shell/read.js'

/** A command of a Dockerfile that downloads. */
export interface Download {
  readonly kind: DownloadKind
  readonly command: ShellCommand
  readonly step: Situated<'run'>
  /** Variables that are set while it runs: those of the image, then its own. */
  readonly environment: Readonly<Record<string, string>>
  /** The model ids that it names. */
  readonly models: readonly string[]
}

/** The shell commands of a RUN. */
export function commandsOf(step: RunStep): readonly ShellCommand[] {
  return readShell(step.script, step.shell)
}

/** The commands of these steps that download, in the order of the file. */
export function findDownloads(steps: readonly Situated[]): readonly Download[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'run') return []
    // `export` holds for the commands after it.
    let exported: Readonly<Record<string, string>> = {}
    return commandsOf(step).flatMap((command): readonly Download[] => {
      if (command.name === 'export' || command.name === '') exported = { ...exported, ...command.assignments }
      const environment = { ...step.before.variables, ...exported, ...command.assignments }
      const kind = downloadKind(command, environment)
      return kind === undefined ? [] : [{ kind, command, step, environment, models: namedModels(command) }]
    })
  })
}
