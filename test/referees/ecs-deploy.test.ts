import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import { startRehearsal, type Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import { acceleratedClock } from '../../src/lib/system/clock.js'
import { cleanEnvironment } from '../support/cli.js'
import { ecsDeployProgram, requires } from '../support/requires.js'

const execute = promisify(execFile)

interface Ran {
  readonly code: number
  readonly output: string
}

interface Cloud {
  readonly cloud: Rehearsal
  readonly calls: readonly string[]
  /** Runs ecs-deploy, which knows nothing but the address. */
  readonly run: (...args: readonly string[]) => Promise<Ran>
  /** An image under that name, and its reference. */
  readonly image: (name: string) => { readonly digest: Digest; readonly reference: string }
  /** The digests of the tasks that are to run. */
  readonly serves: () => readonly string[]
}

async function start(): Promise<Cloud> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-referee-'))
  // It looks once in a real second.
  const clock = acceleratedClock(30, Date.now())
  const calls: string[] = []
  const cloud = await startRehearsal({
    directory,
    setup: {
      app: 'shop',
      environment: 'production',
      region: 'us-west-2',
      accountId: '123456789012',
      ecs: {
        cluster: 'shop',
        services: [
          { name: 'web', taskFamily: 'shop-web', container: 'app', service: 'web', desired: 2, launchType: 'FARGATE' },
        ],
      },
      logGroup: '/shop',
      alarms: [],
      services: [{ name: 'web', repository: 'shop/web', livePath: '/', readyPath: '/', port: 8080 }],
    },
    scenario: 'healthy',
    now: () => clock.now(),
    onCall: (_n, _service, operation) => calls.push(operation),
    switches: { deregistrationDelaySeconds: 5, trafficSeconds: 0 },
  })
  onTestFinished(async () => {
    await cloud.close()
    await rm(directory, { recursive: true, force: true })
  })
  const env = cleanEnvironment(cloud.environment)
  return {
    cloud,
    calls,
    run: async (...args) => {
      try {
        const { stdout, stderr } = await execute(ecsDeployProgram, [...args], { env, timeout: 100_000 })
        return { code: 0, output: stdout + stderr }
      } catch (error) {
        const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
        return { code: typeof code === 'number' ? code : -1, output: stdout + stderr }
      }
    },
    image(name) {
      const { digest } = cloud.registry.storeImage({
        repository: 'shop/web',
        layers: [{ phantom: { name, size: 1_000_000 } }],
      })
      return { digest, reference: `${cloud.registryHost}/shop/web@${digest}` }
    },
    serves: () =>
      cloud.world.state.ecs.tasks
        .filter(({ desired, status }) => desired === 'RUNNING' && status === 'RUNNING')
        .flatMap(({ containers }) => containers.map(({ digest }) => digest ?? 'none')),
  }
}

requires('ecs-deploy').describe('ecs-deploy, a client of others, in front of the rehearsal', () => {
  test(
    'registers a task definition, deploys it, waits for it, and tells what it changed',
    { timeout: 120_000 },
    async () => {
      const { image, run, serves, calls, cloud } = await start()
      const next = image('next')
      const { code, output } = await run('deploy', 'shop', 'web', '--image', 'app', next.reference, '--timeout', '90')
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Deployment successful') })
      expect(serves()).toEqual([next.digest, next.digest])
      expect(calls).toEqual(expect.arrayContaining(['RegisterTaskDefinition', 'UpdateService', 'DescribeServices']))
      const [service] = cloud.world.state.ecs.services
      expect(service?.deployments.map(({ status }) => status)).toEqual([expect.any(String), 'SUCCESSFUL'])
      const difference = await run('diff', 'shop-web', '7', '8')
      expect(difference.code).toBe(0)
      expect(difference.output).toContain(next.digest)
    },
  )

  test('waits in vain for an image that is not there, and its own rollback is seen', { timeout: 120_000 }, async () => {
    const { run, cloud, serves } = await start()
    const before = serves()
    const missing = `${cloud.registryHost}/shop/web@sha256:${'0'.repeat(64)}`
    const { code, output } = await run(
      'deploy',
      'shop',
      'web',
      '--image',
      'app',
      missing,
      '--timeout',
      '8',
      '--rollback',
    )
    expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/Rolling back[^]*Rollback successful/i) })
    expect(serves()).toEqual(before)
  })

  test('scales a service', { timeout: 120_000 }, async () => {
    const { run, serves } = await start()
    const { code, output } = await run('scale', 'shop', 'web', '3', '--timeout', '90')
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Scaling successful') })
    expect(serves()).toHaveLength(3)
  })
})
