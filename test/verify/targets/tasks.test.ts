import { describe, expect, test } from 'vitest'
import type { TargetProof } from '../../../src/lib/domain/outcome.js'
import type { ProbeReport } from '../../../src/lib/domain/target-probe.js'
import { targetTasks, type FleetSource } from '../../../src/lib/verify/targets/tasks.js'

const gibibyte = 2 ** 30
const proof = (target: string, changes: Partial<TargetProof> = {}): TargetProof => ({
  target,
  proved: true,
  grade: 'launched',
  detail: 'launched by version 8',
  ...changes,
})

const report = (held: number): ProbeReport => ({
  lacks: [],
  memory: { total: 8 * gibibyte, available: 8 * gibibyte - held - gibibyte },
  services: [{ name: 'api', digests: [], containers: 1, memory: held, processes: [held], models: [] }],
})

async function look(source: Partial<FleetSource>) {
  const tasks = targetTasks({
    least: 'launched',
    retry: 0,
    serving: () => Promise.resolve({ proofs: [proof('i-1'), proof('i-2')], services: [] }),
    ...source,
  })
  const { signal } = new AbortController()
  const judged = []
  for (const task of tasks) judged.push([task.name, await task.look(signal)] as const)
  return Object.fromEntries(judged)
}

const asked = (...held: readonly number[]): Pick<FleetSource, 'ask'> => ({
  ask: () =>
    Promise.resolve({
      reports: new Map(held.map((bytes, index) => [`i-${index + 1}`, report(bytes)])),
      notes: ['a note'],
    }),
})

describe('the targets', () => {
  test('are proved by what is known of each, and the grades are said', async () => {
    const { targets, memory } = await look(asked(2 * gibibyte))
    expect(targets).toMatchObject({ result: 'ok', detail: '2 of 2 are proved: 2 launched' })
    expect(targets?.evidence).toEqual([
      'a note',
      'i-1 (launched): launched by version 8',
      'i-2 (launched): launched by version 8',
    ])
    expect(memory).toMatchObject({ result: 'ok', detail: 'i-1: the machine: 3.0 GiB of 8.0 GiB, 63 % left' })
  })

  test('fail when one is not proved, when one is not proved well enough, and when there are none', async () => {
    const wrong = await look({
      serving: () =>
        Promise.resolve({ proofs: [proof('i-1'), proof('i-2', { proved: false, detail: 'old' })], services: [] }),
    })
    expect(wrong['targets']).toMatchObject({ result: 'fail', findings: [{ detail: 'i-2: old' }] })
    const weak = await look({ least: 'reported' })
    expect(weak['targets']).toMatchObject({ result: 'fail', detail: '0 of 2 are proved' })
    expect(weak['targets']?.findings?.[0]?.detail).toBe('i-1: only launched, not reported')
    const none = await look({ serving: () => Promise.resolve({ proofs: [], services: [] }) })
    expect(none['targets']).toMatchObject({ result: 'fail', detail: 'no target serves' })
  })

  test.each([
    [6.5, 'warn', 'i-2: the machine: 7.5 GiB of 8.0 GiB, 6 % left'],
    [7.5, 'fail', 'i-2: the machine: 8.5 GiB of 8.0 GiB, 0.5 GiB too much'],
  ])('with %d GiB of models the tightest is told', async (held, result, detail) => {
    const { memory } = await look(asked(gibibyte, held * gibibyte))
    expect(memory).toMatchObject({ result, detail })
    expect(memory?.remedy).toContain('15 % should stay free')
  })

  test('that say nothing of their memory are not judged by it', async () => {
    expect((await look(asked()))['memory']).toMatchObject({ result: 'skip' })
    expect(Object.keys(await look({}))).toEqual(['targets'])
  })
})
