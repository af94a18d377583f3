import { expect, test } from 'vitest'
import { load, small } from '../config/project.js'
import { of, startFleet } from '../rollout/support/fleet.js'

test('warmup: auto is measured on the last rollout that went well; before there is one, the group has its say', async () => {
  const fleet = await startFleet({ switches: { defaultWarmupSeconds: 240 } })
  const without = fleet.driver()
  const first = await fleet.run({ request: { measuresWarmup: true, driver: without } })
  const said = (events: typeof first.events) => of(events, 'check.done').filter(({ name }) => name === 'warmup')
  expect(said(first.events)).toMatchObject([{ result: 'warn', detail: expect.stringContaining('no earlier rollout') }])
  const advice = of(first.events, 'warmup.advice')[0]?.advice
  expect(advice).toMatchObject({ verdict: 'long', measured: { targets: 4 } })
  const { refreshes } = fleet.cloud.world.state
  const second = await fleet.run({ release: 'third', request: { measuresWarmup: true } })
  expect(second.ended.ending).toBe('done')
  const proposed = advice?.proposed ?? 0
  expect(said(second.events)).toMatchObject([
    { result: 'ok', detail: `auto: ${proposed / 1000}s, from 4 targets of rollout ${refreshes[0]?.id ?? ''}` },
  ])
  expect(refreshes.map(({ preferences }) => preferences.warmup)).toEqual([120, proposed / 1000])
  expect(of(second.events, 'warmup.advice')[0]?.advice.verdict).toBe('fits')
})

test.each<[string, unknown]>([
  ['auto', 'auto'],
  ['90s', 90_000],
  ['0s', 0],
])('rampart.yml may say warmup: %s', async (text, warmup) => {
  const config = await load(`${small}    rollout: { warmup: ${text} }\n`)
  expect(config.environment.rollout.warmup).toBe(warmup)
})

test.each(['automatic', '25h', '90'])('rampart.yml may not say warmup: %s', async (text) => {
  await expect(load(`${small}    rollout: { warmup: ${text} }\n`)).rejects.toThrow(/warmup|problem|rampart\.yml/)
})
