import type { Performed, SharedFlags } from '../../base-command.js'
import { configure, performance, repositories } from './configure.js'
import { connect } from './connect.js'
import { streamPage } from './perform.js'

/** `rampart status`. */
export async function runStatus(flags: SharedFlags): Promise<Performed> {
  const config = await configure(flags)
  const performing = performance('status', config)
  const { driver, account } = await connect(config, performing)
  const { statusText } = await import('../report/status-text.js')
  const host = config.environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host
  const status = await driver.status(host, repositories(config))
  const { simulation } = performing
  if (!flags.json) process.stdout.write(`${statusText(status, streamPage(process.stdout, flags), simulation)}\n`)
  return { exitCode: 0, result: { v: 1, simulated: simulation !== undefined, ...status } }
}
