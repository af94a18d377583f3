import type { SharedFlags } from '../../base-command.js'
import { chooseProgress } from '../terminal/progress.js'

/** True where a person can be asked: on a terminal, and not where lines of a log are written. */
export function canAsk(flags: SharedFlags): boolean {
  const { stdin, stderr, env } = process
  const mode = chooseProgress({ flag: flags.progress, env, stdoutIsTty: true, stderrIsTty: stderr.isTTY })
  return stdin.isTTY && stderr.isTTY && !flags.json && (mode === 'list' || mode === 'dashboard')
}
