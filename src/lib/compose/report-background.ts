import type { ReleaseRecord } from '../domain/release-record.js'
import type { ReleaseKeeper } from '../operations/release-steps.js'
import type { Account } from '../ports/account.js'
import type { Parameters } from '../ports/parameters.js'
import { Ledger } from '../release/ledger.js'
import type { Background } from '../report/run/background.js'
import type { Config } from '../config/index.js'
import { placeOf, runnerOf } from './keeper.js'

/**
 * What a report tells beside the events of a run: who made it, its own record where it keeps one, and those of the
 * environment.
 */
export async function releaseBackground(
  config: Config,
  { account, parameters }: { readonly account: Account; readonly parameters: Parameters },
  keeper?: ReleaseKeeper,
): Promise<Background> {
  // Without an identity there is a report all the same.
  const who = runnerOf(account).catch(() => undefined)
  const earlier: readonly ReleaseRecord[] | string = config.environment.release.ledger
    ? await new Ledger(parameters, placeOf(config)).list()
    : 'rampart.yml says that no ledger is kept'
  const own = keeper?.record
  const runner = await who
  return {
    earlier,
    ...(runner !== undefined && { who: whoOf(runner) }),
    ...(own !== undefined && { own }),
  }
}

function whoOf({ by, host, actor, link }: Awaited<ReturnType<typeof runnerOf>>): NonNullable<Background['who']> {
  return { by, host, ...(actor !== undefined && { actor }), ...(link !== undefined && { link }) }
}
