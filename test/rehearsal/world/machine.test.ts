import { describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { terminateInstance } from '../../../src/lib/rehearsal/world/launch.js'
import { liveInstances, type Instance } from '../../../src/lib/rehearsal/world/state.js'
import type { Switches } from '../../../src/lib/rehearsal/world/switches.js'
import { imagesInUserData, writeUserData } from '../../../src/lib/rehearsal/world/user-data.js'
import type { World } from '../../../src/lib/rehearsal/world/world.js'
import {
  createTestWorld,
  next,
  pass,
  passUntil,
  previous,
  refreshTo,
  registryHost,
  releaseVersion,
  setupOf,
} from './support.js'

/** A world in which one instance of the release is coming up, and that instance. */
function comingUp(switches: Partial<Switches> = {}, digests: Readonly<Record<string, Digest>> = next) {
  const world = createTestWorld({ switches })
  refreshTo(world, releaseVersion(world, digests), { MinHealthyPercentage: 75, InstanceWarmup: 900 })
  passUntil(world, () => world.state.instances.length === 5)
  const instance = world.state.instances.at(-1)
  if (instance === undefined) throw new Error('no instance')
  return { world, instance }
}

const linesOf = (world: World, instance: Instance, stream: string): readonly string[] =>
  world.state.logs
    .events({ from: 0, to: Infinity })
    .filter((event) => event.stream === `${instance.id}/${stream}`)
    .map(({ message }) => message)

const secondsUntil = (world: World, instance: Instance, text: string): number => {
  passUntil(world, () => linesOf(world, instance, 'backend').some((line) => line.includes(text)))
  return (world.state.now - instance.launchedAt) / 1000
}

const servingAfter = (switches: Partial<Switches>): number => {
  const { world, instance } = comingUp(switches)
  passUntil(world, () => instance.answers.get(8000) === 200)
  return (world.state.now - instance.launchedAt) / 1000
}

describe('a machine', () => {
  test('boots, pulls, starts its containers, loads its models and says so', () => {
    const { world, instance } = comingUp()
    expect(instance).toMatchObject({ state: 'pending', lifecycle: 'Pending' })
    passUntil(world, () => instance.state === 'running')
    passUntil(world, () => instance.lifecycle === 'InService')
    pass(world, 180)
    const boot = linesOf(world, instance, 'cloud-init')
    expect(boot).toContain('Login Succeeded')
    expect(boot).toContain(`Digest: ${next['rampart-backend']}`)
    expect(boot.filter((line) => line.endsWith('Pull complete')).length).toBe(6)
    expect(boot.filter((line) => line.endsWith('Already exists')).length).toBe(4)
    expect(boot.at(-1)).toMatch(/cloud-init: Cloud-init v\. .* finished at .* Up \d+\.\d\d seconds$/)
    const backend = linesOf(world, instance, 'backend')
    expect(backend[0]).toBe('INFO:     Started server process [1]')
    expect(backend.filter((line) => line.includes('.models: loaded '))).toEqual([
      expect.stringMatching(/protectai\/deberta-v3-base-prompt-injection-v2 \(739 MB\) in \d+\.\ds$/),
      expect.stringMatching(/knowledgator\/gliner-pii-edge-v1\.0 \(197 MB\) in \d+\.\ds$/),
    ])
    expect(backend.join('\n')).toContain('"GET /api/v1/health/ready HTTP/1.1" 200 OK')
    expect(backend.join('\n')).not.toContain('ownload')
    expect(linesOf(world, instance, 'frontend').join('\n')).toContain('Ready in')
  })

  test('takes longer with less bandwidth, and less with the base in its machine image', () => {
    const usual = servingAfter({})
    expect(servingAfter({ downloadBytesPerSecond: 15_000_000 })).toBeGreaterThan(usual + 80)
    expect(usual).toBeGreaterThan(45)
    expect(usual).toBeLessThan(90)
  })

  test('pulls nothing of a base that its machine image carries', () => {
    const world = createTestWorld({
      switches: { machineImageCarriesBase: true },
      setup: {
        services: setupOf().services.map((service) => ({
          ...service,
          // The base that the machine image carries is an image with all layers of the app but its own.
          base: { repository: 'rampart-backend', tag: previous['rampart-backend'], models: [], labels: {} },
        })),
      },
    })
    refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 75, InstanceWarmup: 900 })
    passUntil(world, () => world.state.instances.length === 5)
    const instance = world.state.instances.at(-1)
    if (instance === undefined) throw new Error('no instance')
    passUntil(world, () => instance.answers.get(8000) === 200)
    expect((world.state.now - instance.launchedAt) / 1000).toBeLessThan(45)
    const boot = linesOf(world, instance, 'cloud-init')
    expect(boot.filter((line) => line.endsWith('Pull complete')).length).toBe(2)
  })

  test('slow models take four times as long, for new releases only', () => {
    const usual = secondsUntil(...both(comingUp()), 'readiness: ready')
    const slow = secondsUntil(...both(comingUp({ modelLoadFactor: 4 })), 'readiness: ready')
    const old = secondsUntil(...both(comingUp({ modelLoadFactor: 4 }, previous)), 'readiness: ready')
    expect(slow).toBeGreaterThan(usual + 30)
    expect(old).toBe(usual)
  })

  test('downloads loudly the models that the image lacks', () => {
    const lacking = { ...next, 'rampart-backend': `sha256:${'e'.repeat(64)}` as const }
    const { world, instance } = comingUp({}, lacking)
    pass(world, 240)
    const text = linesOf(world, instance, 'backend').join('\n')
    expect(text).toContain('GET https://huggingface.co/protectai/deberta-v3-base-prompt-injection-v2/resolve/')
    expect(text).toMatch(/^model\.safetensors:  50%\|█{5} {5}\| 370M\/739M \[\d\d:\d\d<\d\d:\d\d, [\d.]+MB\/s\]$/m)
    expect(text).toMatch(/^Loading weights: 100%\|█{10}\| 200\/200 \[/m)
  })

  test('says when there is no such image, and never serves', () => {
    const absent = { ...next, 'rampart-backend': `sha256:${'f'.repeat(64)}` as const }
    const { world, instance } = comingUp({}, absent)
    pass(world, 240)
    expect(linesOf(world, instance, 'cloud-init').join('\n')).toContain('not found: manifest unknown')
    expect(instance.answers.get(8000)).toBeUndefined()
    expect(linesOf(world, instance, 'backend')).toEqual([])
  })

  test('a bad image exits with a traceback six times; its other services run', () => {
    const { world, instance } = comingUp({ newImages: 'exit' })
    pass(world, 240)
    const backend = linesOf(world, instance, 'backend')
    const errors = backend.filter((line) => line === "ModuleNotFoundError: No module named 'jsonlogic'")
    expect(errors.length).toBe(6)
    expect(instance.answers.get(8000)).toBe('refused')
    expect(instance.answers.get(3000)).toBe(200)
    expect(liveInstances(world.state.group)).toContain(instance)
  })

  test('when only the frontend changed, it is the frontend that is bad', () => {
    const { world, instance } = comingUp(
      { newImages: 'exit' },
      { 'rampart-backend': previous['rampart-backend'], 'rampart-frontend': next['rampart-frontend'] },
    )
    pass(world, 240)
    expect(instance.answers.get(8000)).toBe(200)
    expect(instance.answers.get(3000)).toBe('refused')
    expect(linesOf(world, instance, 'frontend').join('\n')).toContain("Cannot find module '/app/server.js'")
  })

  test('that goes while it starts says no more', () => {
    const { world, instance } = comingUp({ deregistrationDelaySeconds: 0 })
    passUntil(world, () => instance.state === 'running')
    pass(world, 30)
    terminateInstance(world.state, instance, 'for the test')
    passUntil(world, () => instance.state === 'shutting-down')
    const gone = world.state.now
    pass(world, 600)
    const later = world.state.logs.events({ from: gone, to: Infinity })
    expect(later.filter(({ stream }) => stream.startsWith(instance.id))).toEqual([])
  })

  test('stops talking when it is gone', () => {
    const world = createTestWorld({ switches: { trafficSeconds: 30 } })
    const refresh = refreshTo(world, releaseVersion(world), {
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 200,
      InstanceWarmup: 60,
    })
    passUntil(world, () => refresh.status === 'Successful')
    const from = world.state.now
    pass(world, 600)
    const events = world.state.logs.events({ from, to: Infinity })
    const talking = new Set(events.map(({ stream }) => stream.split('/')[0] ?? ''))
    expect([...talking].sort()).toEqual(world.state.group.instances.map(({ id }) => id).sort())
  })
})

function both({ world, instance }: { world: World; instance: Instance }): [World, Instance] {
  return [world, instance]
}

describe('user data', () => {
  const digest = `sha256:${'a'.repeat(64)}`

  test('that the rehearsal writes names the images that it was given, in order', () => {
    const script = writeUserData(setupOf(), registryHost, next)
    expect(imagesInUserData(script, registryHost)).toEqual([
      { registry: registryHost, repository: 'rampart-backend', digest: next['rampart-backend'] },
      { registry: registryHost, repository: 'rampart-frontend', digest: next['rampart-frontend'] },
    ])
  })

  test.each([
    ['a tag', `docker run ${registryHost}/team/app:v1.2`, ['team/app:v1.2']],
    ['a digest', `IMAGE="${registryHost}/app@${digest}"`, [`app@${digest}`]],
    ['a tag and a digest', `docker pull ${registryHost}/app:live@${digest}`, [`app@${digest}`]],
    ['one that is pulled and run', `docker pull ${registryHost}/app:1\ndocker run ${registryHost}/app:1`, ['app:1']],
    ['no comments', `# docker run ${registryHost}/app:1`, []],
    ['no other registry', `docker run other.example/app:1`, []],
    ['no longer host', `docker run x${registryHost}/app:1`, []],
    ['compose files in a heredoc', `cat <<X\n    image: ${registryHost}/app:1\nX`, ['app:1']],
  ])('%s', (_name, script, expected) => {
    const found = imagesInUserData(script, registryHost)
    expect(found.map((each) => `${each.repository}${each.digest ? `@${each.digest}` : `:${each.tag}`}`)).toEqual(
      expected,
    )
  })
})
