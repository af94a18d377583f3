import { RampartError } from '../errors/rampart-error.js'
import type { Check } from '../rollout/driver.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { inPhase, type RunContext } from './run.js'

/**
 * The preflight: asks group after group of checks until one has failed, and reports each. Rejects with kind `preflight`
 * and every failed check of that group.
 */
export async function runChecks(run: RunContext, groups: readonly (() => Promise<readonly Check[]>)[]): Promise<void> {
  await inPhase(run, 'preflight', async () => {
    let count = 0
    for (const group of groups) {
      // oxlint-disable-next-line no-await-in-loop -- the later ones rest on the earlier ones
      const checks = await unlessStopped(run.signal, group())
      for (const check of checks) run.emit({ type: 'check.done', ...check })
      count += checks.length
      const failed = checks.filter(({ result }) => result === 'fail')
      if (failed.length === 0) continue
      throw new RampartError(
        'preflight',
        `${failed.length === 1 ? 'A check' : `${failed.length} checks`} failed; nothing was changed.`,
        {
          problems: failed.map((check) => ({ message: `${check.name}: ${check.detail}` })),
          next: failed.flatMap((check) => (check.remedy === undefined ? [] : [check.remedy])),
        },
      )
    }
    return { value: undefined, detail: `${count} checks` }
  })
}
