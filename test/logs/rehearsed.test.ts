import { describe, expect, test } from 'vitest'
import type { ModelLoad } from '../../src/lib/domain/model-load.js'
import { createLoadTracker } from '../../src/lib/logs/tracker.js'
import { planContainer, withRestarts, type ContainerFacts } from '../../src/lib/rehearsal/world/container-plan.js'

const deberta = { id: 'protectai/deberta-v3-base-prompt-injection-v2', revision: 'e6535ca4', bytes: 738_000_000 }
const gliner = { id: 'knowledgator/gliner-pii-edge-v1.0', revision: '9b7f39b0', bytes: 197_000_000 }

/** What the lines of a rehearsed container tell: each state or model once, with what it had come to at its last. */
function told(facts: Partial<ContainerFacts>): readonly ModelLoad[] {
  const steps = planContainer({
    service: 'backend',
    port: 8000,
    livePath: '/api/v1/health',
    readyPath: '/api/v1/health/ready',
    models: [
      { ...deberta, baked: true },
      { ...gliner, baked: true },
    ],
    behaviour: 'fine',
    crashAfterSeconds: 60,
    modelLoadBytesPerSecond: 150e6,
    modelDownloadBytesPerSecond: 25e6,
    balancerNetwork: '10.0.1',
    ...facts,
  })
  const tracker = createLoadTracker({ readyPaths: ['/api/v1/health/ready'] })
  const lines = withRestarts(steps).filter((step) => step.kind === 'line')
  const loads = lines.flatMap(({ after, text }) => {
    const load = tracker.see({ target: 'i-1', stream: 'i-1/backend', time: Math.round(after * 1000), text })
    return load === undefined ? [] : [load]
  })
  return loads.filter((load, at) => load.state !== loads[at + 1]?.state || load.model !== loads[at + 1]?.model)
}

const spell = (loads: readonly ModelLoad[]): readonly string[] =>
  loads.map(
    ({ state, model = '-', progress }) => `${state} ${model} ${progress?.total ?? '-'} ${progress?.unit ?? '-'}`,
  )

describe('what rehearsed containers write is what a tracker reads', () => {
  test('models of the base image', () => {
    const loads = told({})
    expect(spell(loads).slice(2)).toEqual([
      `loading ${deberta.id} 100 percent`,
      `ready ${deberta.id} - -`,
      `loading ${gliner.id} 100 percent`,
      `ready ${gliner.id} - -`,
    ])
    // 3.1 s after its start it says its first word.
    expect(loads.at(-1)).toMatchObject({ state: 'ready', downloads: [], readyAfter: 10_933 })
  })

  test('a model that the base lacks', () => {
    const loads = told({ models: [{ ...deberta, baked: false }] })
    expect(spell(loads)).toContain(`downloading ${deberta.id} 738000000 bytes`)
    expect(loads.at(-1)).toMatchObject({ state: 'ready', downloads: [deberta.id] })
  })

  test('a Node service tells nothing', () => {
    expect(told({ port: 3000, models: [] })).toEqual([])
  })
})
