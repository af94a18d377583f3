import { handle } from '@oclif/core/handle'
import { run } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'

/** Runs these words as a command of the package around `url`. Failures end the process with their exit code. */
export async function runCommandLine(words: readonly string[], url: string): Promise<void> {
  settings.enableAutoTranspile = false
  try {
    // Not oclif's `execute`: it ends by waiting for a stdout to drain whose reader may have gone away.
    await run([...words], url)
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)))
  }
}
