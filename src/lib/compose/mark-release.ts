import type { Config } from '../config/index.js'
import type { RunContext } from '../operations/run.js'

/** Draws what serves now into the environment's dashboard, where it has one. */
export async function markRelease(config: Config, run: RunContext): Promise<void> {
  if (config.environment.monitoring === undefined) return
  const { markDashboard } = await import('./dashboard-page.js')
  await markDashboard(config, run)
}
