import type { Performed, SharedFlags } from '../../base-command.js'
import { configure, performance, repositories, sameCommand } from './configure.js'
import { connect } from './connect.js'
import { secretsOfAnswers } from './verifier.js'
import { noBackground, type Background } from '../report/run/background.js'
import { modeOf, perform, type Watch } from './perform.js'
import { turnBack } from './turn-back.js'
import type { VerifyAt } from './verify-plan.js'
import { countCalls, linesFrom, reportingOf, type WatchFlags } from './watching.js'

interface MonitorFlags extends SharedFlags, WatchFlags, VerifyAt {
  readonly release?: string | undefined
  readonly replay?: string | undefined
  readonly speed: number
}

/** `rampart monitor`. */
export async function runMonitor(flags: MonitorFlags): Promise<Performed> {
  if (flags.replay !== undefined) {
    const { runReplay } = await import('./replay.js')
    return runReplay({ ...flags, file: flags.replay, reporting: reportingOf(flags) })
  }
  const config = await configure(flags)
  const about = performance('monitor', config, ['rollout'], await secretsOfAnswers(config, flags))
  const calls = countCalls(flags, about.clock)
  const performing = { ...about, ...(calls.onCall !== undefined && { onCall: calls.onCall }) }
  let beside: (() => Promise<Background>) | undefined
  const watch: Watch = {
    onTerminal: 'dashboard',
    back: turnBack(config, flags, performing),
    record: flags.record,
    report: reportingOf(flags, async () => beside?.() ?? noBackground),
    lastWords: calls.lastWords,
  }
  const stays = modeOf(flags, watch) === 'dashboard'
  return perform(
    performing,
    flags,
    async (run) => {
      const { monitor } = await import('../operations/monitor.js')
      const cloud = await connect(config, performing)
      const { driver, account, logs } = cloud
      beside = async () => (await import('./report-background.js')).releaseBackground(config, cloud)
      const lines = await linesFrom(config, logs, performing.clock)
      return monitor(
        {
          driver,
          ...(flags.release !== undefined && { rollout: flags.release }),
          registryHost: async () =>
            config.environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host,
          repositories: repositories(config),
          ...(lines !== undefined && { lines }),
          comeBack: sameCommand('monitor', config),
          stays,
        },
        run,
      )
    },
    watch,
  )
}
