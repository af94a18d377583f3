import type { Performed, SharedFlags } from '../../base-command.js'
import { RampartError } from '../errors/rampart-error.js'
import type { RunContext } from '../operations/run.js'
import type { Bounds } from '../ports/auto-scaling.js'
import { configure, performance, sameCommand } from './configure.js'
import { connect } from './connect.js'
import { composeKeeper, lockWaitOf, openGate } from './keeper.js'
import { perform } from './perform.js'

interface ScaleFlags extends SharedFlags {
  readonly bounds?: string | undefined
  readonly service?: string | undefined
  readonly 'lock-wait'?: string | undefined
}

/** `2:8`; anything else is a usage error. */
function boundsOf(text: string): Bounds {
  const [, min, max] = /^(\d{1,4}):(\d{1,4})$/.exec(text) ?? []
  if (min !== undefined && max !== undefined && Number(min) <= Number(max))
    return { min: Number(min), max: Number(max) }
  throw new RampartError('usage', `--bounds must be two numbers, the smaller first, not ${text}.`, {
    next: ['write e.g. --bounds 2:8'],
  })
}

/** `rampart scale`. */
export async function runScale(desired: number, flags: ScaleFlags): Promise<Performed> {
  const bounds = flags.bounds === undefined ? undefined : boundsOf(flags.bounds)
  const lockWait = lockWaitOf(flags['lock-wait'])
  const config = await configure(flags)
  const performing = performance('scale', config, ['preflight', 'rollout'])
  return perform(performing, flags, async (run: RunContext) => {
    const [{ scale }, { whoAsks }] = await Promise.all([
      import('../operations/scale.js'),
      import('../operations/check-account.js'),
    ])
    const gate = openGate()
    const cloud = await connect(config, performing, gate)
    const { driver, account } = cloud
    const keeper = composeKeeper(config, cloud, { command: 'scale', clock: performing.clock, flags: { lockWait } })
    return scale(
      {
        driver,
        desired,
        ...(bounds !== undefined && { bounds }),
        ...(flags.service !== undefined && { service: flags.service }),
        accountChecks: async () => [await whoAsks(account)],
        ...(keeper !== undefined && { keeper, guard: () => gate.guard(keeper) }),
        comeBack: sameCommand(`scale ${desired}`, config),
      },
      run,
    )
  })
}
