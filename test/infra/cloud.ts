import { onTestFinished } from 'vitest'
import { rehearsalSetup } from '../../src/lib/compose/rehearsal.js'
import { loadConfig } from '../../src/lib/config/index.js'
import { startRehearsal, type Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import type { Switches } from '../../src/lib/rehearsal/world/switches.js'
import { acceleratedClock, formatClock } from '../../src/lib/system/clock.js'
import { cleanEnvironment, runCli, type Finished } from '../support/cli.js'

export interface EmptyCloud {
  readonly cloud: Rehearsal
  readonly env: Record<string, string>
  /** What was asked, as `ecs:RunTask`. */
  readonly calls: readonly string[]
  /** Runs rampart there. */
  readonly rampart: (...words: readonly string[]) => Promise<Finished>
}

/** An account of the rehearsal in which nothing is yet, for that configuration. It goes with the test. */
export async function emptyCloud(config: string, switches: Partial<Switches> = {}, speed = 900): Promise<EmptyCloud> {
  const origin = Date.now()
  const clock = acceleratedClock(speed, origin)
  const setup = await rehearsalSetup(await loadConfig({ path: config, env: {} }))
  const errors: unknown[] = []
  const calls: string[] = []
  const cloud = await startRehearsal({
    setup: { ...setup, isEmpty: true },
    scenario: 'healthy',
    now: () => clock.now(),
    switches,
    onCall: (_n, service, operation) => void calls.push(`${service}:${operation}`),
    onError: (error) => errors.push(error),
  })
  onTestFinished(async () => {
    await cloud.close()
    if (errors.length > 0) throw errors[0]
  })
  const env = cleanEnvironment({
    ...cloud.environment,
    RAMPART_CLOCK: formatClock(speed, origin),
    RAMPART_SIMULATION: 'a test',
    ES_CREDENTIALS: JSON.stringify({ host: 'https://es.example.com', key: 'none' }),
  })
  return {
    cloud,
    env,
    calls,
    rampart: (...words) => runCli([...words, '-c', config, '--progress', 'plain'], { env }),
  }
}
