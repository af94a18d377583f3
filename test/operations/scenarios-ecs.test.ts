import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import type { ScenarioName } from '../../src/lib/rehearsal/scenarios.js'
import { startCluster, type Cluster, type ClusterOptions } from '../rollout/ecs/support.js'
import { of, type Run } from '../rollout/support/fleet.js'
import { causeText } from '../support/cause-text.js'

const previous = (cluster: Cluster) => ({
  api: [cluster.digest('api', 'previous')],
  ui: [cluster.digest('ui', 'previous')],
})
const next = (cluster: Cluster) => ({ api: [cluster.digest('api', 'b')], ui: [cluster.digest('ui', 'b')] })

async function run(options: ClusterOptions): Promise<{ readonly cluster: Cluster } & Run> {
  const cluster = await startCluster(options)
  return { cluster, ...(await cluster.run({ maxFailedStarts: 3 })) }
}

test.each<[ScenarioName, ClusterOptions]>([
  ['healthy', {}],
  ['slow-model', {}],
  ['throttled', { maxAttempts: 10, desired: 1, switches: { deregistrationDelaySeconds: 10 } }],
])(
  '%s: every task serves the released digests, and is proved to',
  async (scenario, options) => {
    const { cluster, ended, events } = await run({ scenario, ...options })
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'done', exit: 0 })
    const total = 2 * (options.desired ?? 2)
    expect(of(events, 'proof')).toMatchObject([{ proved: total, total }])
    expect(cluster.serves()).toEqual(next(cluster))
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL'] })
  },
  120_000,
)

describe('a rollout that goes wrong', () => {
  test.each<[ScenarioName, string, RegExp]>([
    ['bad-image', 'container-exits', /ModuleNotFoundError: No module named 'jsonlogic'/],
    ['never-ready', 'never-ready', /database schema is at revision/],
    ['crash-loop', 'container-exits', /./],
    ['image-not-found', 'image-pull', /CannotPullContainerError/],
    ['alarm-trip', 'alarm', /target-5xx/],
    ['no-capacity', 'no-capacity', /Capacity is unavailable|capacity/i],
  ])(
    '%s ends rolled back with its cause: %s; no task is left on what failed',
    async (scenario, code, evidence) => {
      const { cluster, ended, events } = await run({ scenario, change: { alarms: ['target-5xx'] } })
      expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'rolledBack', exit: 4 })
      const [finished] = of(events, 'rollout.finished')
      expect(finished).toMatchObject({ outcome: 'rolled-back', cause: { code } })
      expect(`${finished?.cause?.summary}\n${finished?.cause?.evidence.join('\n')}`).toMatch(evidence)
      await expect(causeText(finished?.cause)).toMatchFileSnapshot(`../golden/causes/ecs-${scenario}.txt`)
      expect(cluster.serves()).toEqual(previous(cluster))
      expect(of(events, 'proof')).toEqual([])
    },
    120_000,
  )
})
