import { composeDriver } from './driver.js'
import type { Gate } from './keeper.js'
import type { Performance } from './perform.js'
import type { Config } from '../config/index.js'
import type { Account } from '../ports/account.js'
import type { LogSource } from '../ports/log-source.js'
import type { Parameters } from '../ports/parameters.js'
import type { Driver } from '../rollout/driver.js'
import { cloudPace } from './pace.js'

/** The cloud of an environment, as every command asks it. */
export interface Cloud {
  readonly driver: Driver
  /** The driver anew, which knows nothing of what the other one has found and begun. */
  readonly anew: () => Promise<Driver>
  readonly account: Account
  readonly logs: LogSource
  readonly parameters: Parameters
}

/** Opens the cloud of the environment; nothing is asked yet. What changes a fleet there goes through the gate. */
export async function connect(
  config: Config,
  performing: Pick<Performance, 'clock' | 'onCall' | 'onRetry'>,
  gate?: Pick<Gate, 'beforeChange'>,
): Promise<Cloud> {
  const { createAws } = await import('../aws/index.js')
  const client = {
    ...cloudPace(),
    ...(performing.onCall !== undefined && { onCall: performing.onCall }),
    ...(performing.onRetry !== undefined && { onRetry: performing.onRetry }),
    ...(gate !== undefined && { beforeChange: gate.beforeChange }),
  }
  const aws = createAws({ region: config.environment.region, ...client })
  const anew = async (): Promise<Driver> => composeDriver(config, aws, performing.clock, client)
  const driver = await anew()
  const { account, logs, parameters } = aws
  // Who asks does not change while a command runs.
  let identity: ReturnType<Account['whoAmI']> | undefined
  return { driver, anew, account: { ...account, whoAmI: () => (identity ??= account.whoAmI()) }, logs, parameters }
}
