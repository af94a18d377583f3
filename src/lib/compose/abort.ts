import type { Performed, SharedFlags } from '../../base-command.js'
import { RampartError } from '../errors/rampart-error.js'
import type { RunContext } from '../operations/run.js'
import type { Driver } from '../rollout/driver.js'
import { configure, performance, repositories, sameCommand } from './configure.js'
import { connect } from './connect.js'
import { perform, type Watch } from './perform.js'
import { canAsk } from './person.js'
import { countCalls, linesFrom, reportingOf, type WatchFlags } from './watching.js'

interface AbortFlags extends SharedFlags, WatchFlags {
  readonly 'no-rollback': boolean
  readonly yes: boolean
}

/** `rampart abort`. */
export async function runAbort(flags: AbortFlags): Promise<Performed> {
  const config = await configure(flags)
  const { environment } = config
  const about = performance('abort', config, ['rollout'])
  const calls = countCalls(flags, about.clock)
  const performing = { ...about, ...(calls.onCall !== undefined && { onCall: calls.onCall }) }
  const { driver, account, logs } = await connect(config, performing)
  const goesBack = !flags['no-rollback']
  if (!flags.yes && canAsk(flags)) await confirm(driver, goesBack)
  const watch: Watch = {
    onTerminal: 'list',
    record: flags.record,
    report: reportingOf(flags),
    lastWords: calls.lastWords,
  }
  const body = async (run: RunContext) => {
    const { abort } = await import('../operations/abort.js')
    const lines = await linesFrom(config, logs, performing.clock)
    return abort(
      {
        driver,
        goesBack,
        ...(lines !== undefined && { lines }),
        registryHost: async () =>
          environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host,
        repositories: repositories(config),
        comeBack: sameCommand('monitor', config),
      },
      run,
    )
  }
  return perform(performing, flags, body, watch)
}

async function confirm(driver: Driver, goesBack: boolean): Promise<void> {
  const newest = await driver.latest()
  if (newest === undefined || newest.outcome !== undefined) return
  const { createAsker } = await import('../terminal/ask.js')
  const asker = await createAsker({ input: process.stdin, output: process.stderr })
  const what = `${driver.goesOn(newest.handle)}, ${newest.status}`
  const question = goesBack ? `Stop ${what}, and go back?` : `Stop ${what}, and leave every target where it is?`
  if (await asker.confirm(question, true)) return
  throw new RampartError('interrupted', 'You said no; the rollout goes on.')
}
