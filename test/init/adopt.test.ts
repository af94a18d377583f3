import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation'
import { DescribeLaunchTemplateVersionsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { rehearsalSetup } from '../../src/lib/compose/rehearsal.js'
import { loadConfig, type Config } from '../../src/lib/config/index.js'
import { startRehearsal, type Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import { acceleratedClock, formatClock } from '../../src/lib/system/clock.js'
import { cleanEnvironment, root, runCli, type Finished } from '../support/cli.js'
import { startMoto } from '../support/moto.js'
import { temporaryDirectory } from '../support/project.js'
import { changingCall } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

interface Estate {
  /** A copy of the example without its rampart.yml. */
  readonly directory: string
  readonly cloud: Rehearsal
  /** Every call to AWS, in order of arrival. */
  readonly calls: string[]
  readonly env: Readonly<Record<string, string>>
  readonly rampart: (...words: readonly string[]) => Promise<Finished>
}

/** The example as its team has it running, and does not yet drive by rampart. */
async function estateOf(name: string, extra: Readonly<Record<string, string>> = {}): Promise<Estate> {
  const directory = join(await temporaryDirectory('adopt'), name)
  await cp(join(root, 'examples', name), directory, {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  })
  const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
  await rm(config.path)
  const origin = Date.now()
  const speed = 1200
  const clock = acceleratedClock(speed, origin)
  const calls: string[] = []
  const cloud = await startRehearsal({
    setup: await rehearsalSetup(config),
    scenario: 'healthy',
    now: () => clock.now(),
    onCall: (_n, service, operation) => calls.push(`${service}:${operation}`),
  })
  onTestFinished(() => cloud.close())
  const env = cleanEnvironment({
    ...cloud.environment,
    RAMPART_CLOCK: formatClock(speed, origin),
    RAMPART_SIMULATION: 'a test',
    DOCKER_HOST: 'unix:///nonexistent',
    ...extra,
  })
  return { directory, cloud, calls, env, rampart: (...words) => runCli(words, { cwd: directory, env }) }
}

const parameter = (ParameterKey: string, ParameterValue: string) => ({ ParameterKey, ParameterValue })

const adopted = ({ directory }: Estate): Promise<Config> =>
  loadConfig({ path: join(directory, 'rampart.yml'), env: {} })

/** doctor, status and deploy, all by the rampart.yml that was written. */
async function drive({ rampart }: Estate, targets: number): Promise<void> {
  const doctor = await rampart('doctor', '--json')
  const { checks } = JSON.parse(doctor.stdout) as { checks: readonly { name: string; result: string }[] }
  expect([doctor.code, checks.filter(({ result }) => result === 'fail')]).toEqual([0, []])
  const status = await rampart('status')
  expect([status.code, status.stdout]).toEqual([0, expect.stringContaining(`${targets} of ${targets} targets`)])
  const deploy = await rampart('deploy', '--progress', 'plain')
  expect([deploy.code, deploy.stderr]).toEqual([
    0,
    expect.stringContaining(`serves on ${targets} of ${targets} targets`),
  ])
}

const normalised = (text: string, { cloud }: Estate): string =>
  text
    .replaceAll(cloud.registryHost, 'REGISTRY')
    .replaceAll(/\blt-[0-9a-f]{17}\b/g, 'lt-TEMPLATE')
    .replaceAll(/\bami-[0-9a-f]{17}\b/g, 'ami-IMAGE')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:DIGEST')
    .replaceAll(/-\d{6,}\.([a-z0-9-]+)\.elb\.amazonaws\.com/g, '-NUMBER.$1.elb.amazonaws.com')

test('services of ECS are read, nothing is changed, and doctor, status and deploy work by what is written', async () => {
  const estate = await estateOf('finbert-rag')
  const services = ['--from-service', 'finbert-rag-prod/finbert-api', '--from-service', 'finbert-rag-prod/finbert-ui']
  const { code, stdout, stderr } = await estate.rampart('init', '--yes', '--offline', ...services)
  expect([code, stdout]).toEqual([0, expect.stringMatching(/created +rampart\.yml/)])
  expect(estate.calls.filter((call) => changingCall.test(call))).toEqual([])
  expect(new Set(estate.calls)).toEqual(
    new Set([
      'ecs:DescribeClusters',
      'ecs:DescribeServices',
      'ecs:DescribeTaskDefinition',
      'ecr:DescribeRepositories',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeListeners',
      'elasticloadbalancing:DescribeRules',
    ]),
  )
  const { environment, services: written } = await adopted(estate)
  expect(environment.target).toEqual({
    kind: 'ecs',
    cluster: 'finbert-rag-prod',
    services: [
      { name: 'api', service: 'finbert-api', container: 'api' },
      { name: 'ui', service: 'finbert-ui', container: 'ui' },
    ],
  })
  expect(written.map(({ repository, health }) => [repository, health])).toEqual([
    ['finbert-rag/api', { live: '/health/live', ready: '/health', port: 8000 }],
    ['finbert-rag/ui', { live: '/healthz', ready: '/healthz', port: 8501 }],
  ])
  const text = await readFile(join(estate.directory, 'rampart.yml'), 'utf8')
  await expect(normalised(text, estate)).toMatchFileSnapshot('../golden/init/from-service.yml')
  await expect(normalised(`${stderr}\n${stdout}`, estate)).toMatchFileSnapshot('../golden/init/from-service.output.txt')
  await drive(estate, 4)
}, 120_000)

requires('moto').describe("a team's own stack, kept by another cloud's CloudFormation", () => {
  const template = readFile(join(root, 'test/fixtures/stacks/rampart-ai.yaml'), 'utf8')

  interface StackCloud {
    readonly url: string
    readonly settings: ConstructorParameters<typeof EC2Client>[0]
  }

  const ends: (() => Promise<void>)[] = []
  let started: Promise<StackCloud> | undefined
  afterAll(() => Promise.all(ends.map((end) => end())))

  /** The stack as it is made in moto, once for all tests: none of them changes it. */
  const startStack = (): Promise<StackCloud> => (started ??= makeStack())

  async function makeStack(): Promise<StackCloud> {
    const moto = await startMoto()
    ends.push(moto.close)
    const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' }
    const settings = { endpoint: moto.url, region: 'us-west-2', credentials }
    const ec2 = new EC2Client(settings)
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}))
    await new CloudFormationClient(settings).send(
      new CreateStackCommand({
        StackName: 'rampart-production',
        TemplateBody: await template,
        Capabilities: ['CAPABILITY_IAM'],
        Parameters: [
          parameter('Vpc', Subnets[0]?.VpcId ?? ''),
          parameter('Subnets', `${Subnets[0]?.SubnetId},${Subnets[1]?.SubnetId}`),
        ],
      }),
    )
    return { url: moto.url, settings }
  }

  /** What the stack's own template makes of its user data. */
  async function userDataOf({ settings }: StackCloud): Promise<string> {
    const answer = await new EC2Client(settings ?? {}).send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'rampart-production', Versions: ['$Latest'] }),
    )
    const data = answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.UserData ?? ''
    return Buffer.from(data, 'base64').toString('utf8')
  }

  test('is read there as a whole', async () => {
    const moto = await startStack()
    const estate = await estateOf('rampart-ai', { AWS_ENDPOINT_URL: moto.url })
    const { code, stdout } = await estate.rampart(
      'init',
      '--yes',
      '--offline',
      '--from-stack',
      'rampart-production',
      '--json',
    )
    expect(code).toBe(0)
    const { standing } = JSON.parse(stdout) as { readonly standing: object }
    expect(standing).toMatchObject({
      from: 'stack rampart-production',
      region: 'us-west-2',
      target: { kind: 'asg', group: 'rampart-production-asg' },
      logGroup: '/rampart/production',
      rollout: { minHealthy: 100, maxHealthy: 200 },
      serves: { url: expect.stringMatching(/^http:\/\/rampart-production-.*elb\.amazonaws\.com$/) },
      services: [
        {
          name: 'backend',
          repository: 'rampart-backend',
          port: 8000,
          health: { path: '/api/v1/health', place: 'target group rampart-backend' },
        },
        {
          name: 'frontend',
          repository: 'rampart-frontend',
          port: 3000,
          health: { path: '/healthz', place: 'target group rampart-frontend' },
        },
      ],
      open: [],
    })
    const { environment, services } = await adopted(estate)
    expect(environment.target).toEqual({ kind: 'asg', group: 'rampart-production-asg' })
    expect(environment.registry).toBeUndefined()
    expect(services.map(({ health }) => health)).toEqual([
      { live: '/api/v1/health', ready: '/api/v1/health/ready', port: 8000 },
      { live: '/healthz', ready: '/healthz', port: 3000 },
    ])
  }, 60_000)

  test('is told by exact lines what stands in the way of pinned digests, and then driven', async () => {
    const moto = await startStack()
    const estate = await estateOf('rampart-ai', { AWS_ENDPOINT_URL_CLOUDFORMATION: moto.url })
    // The machines of the rehearsal start by the user data that the stack's own template makes.
    const { state } = estate.cloud.world
    const version = state.templates[0]?.versions[0]
    const ecr = '123456789012.dkr.ecr.us-west-2.amazonaws.com'
    const userData = (await userDataOf(moto)).replaceAll(ecr, estate.cloud.registryHost)
    expect(userData).toContain(`${estate.cloud.registryHost}/rampart-backend:latest`)
    if (version === undefined) throw new Error('the rehearsal has no launch template')
    version.data.UserData = Buffer.from(userData).toString('base64')
    const { code, stdout, stderr } = await estate.rampart(
      'init',
      '--yes',
      '--offline',
      '--from-stack',
      'rampart-production',
    )
    expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
    expect(estate.calls.filter((call) => changingCall.test(call))).toEqual([])
    await expect(normalised(`${stderr}\n${stdout}`, estate)).toMatchFileSnapshot('../golden/init/from-stack.output.txt')
    const text = await readFile(join(estate.directory, 'rampart.yml'), 'utf8')
    await expect(normalised(text, estate)).toMatchFileSnapshot('../golden/init/from-stack.yml')

    // The lines that it names are the lines that stand there.
    for (const [, line = '', is = ''] of stdout.matchAll(/user data of .*, line (\d+):\n +- (.*)\n/g)) {
      expect(userData.split('\n')[Number(line) - 1]?.trim()).toBe(is)
    }
    const lines = (await template).split('\n')
    const named = [...stdout.matchAll(/template of rampart-production, line (\d+):\n +- (.*)\n/g)]
    expect(named).toHaveLength(3)
    for (const [, line = '', is = ''] of named) expect(lines[Number(line) - 1]?.trim()).toBe(is)
    await drive(estate, 4)
  }, 120_000)

  requires('aws').describe('the advice', () => {
    test('runs as it is shown, replaces nothing, and leaves nothing to pin', async () => {
      const moto = await startStack()
      const estate = await estateOf('rampart-ai', { AWS_ENDPOINT_URL_CLOUDFORMATION: moto.url })
      const { state } = estate.cloud.world
      const version = state.templates[0]?.versions[0]
      if (version === undefined) throw new Error('the rehearsal has no launch template')
      const before = Buffer.from(version.data.UserData ?? '', 'base64').toString('utf8')
      const moved = before.replaceAll(/@sha256:[0-9a-f]{64}/g, ':latest')
      version.data.UserData = Buffer.from(moved).toString('base64')
      const { stdout } = await estate.rampart('init', '--yes', '--offline', '--from-stack', 'rampart-production')
      const commands = [...stdout.matchAll(/^ +\$ (.*)$/gm)].map(([, command = '']) => command)
      expect(commands).toHaveLength(5)
      // Its first version takes no address from the environment.
      const byUrl = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
      const shell = await promisify(execFile)('sh', ['-euc', [byUrl, ...commands].join('\n')], {
        cwd: estate.directory,
        env: { ...estate.env, PATH: `/usr/bin:${process.env['PATH'] ?? ''}` },
        timeout: 30_000,
      })
      expect(shell.stderr).toBe('')
      const numbers = state.templates[0]?.versions.map(({ number }) => number)
      expect([numbers, state.group.template.version]).toEqual([[7, 8], '8'])
      expect(state.group.instances.map((instance) => instance.template.version)).toEqual([7, 7, 7, 7])
      const pinned = state.templates[0]?.versions[1]?.data.UserData ?? ''
      // It names the digests that served all along.
      expect(Buffer.from(pinned, 'base64').toString('utf8')).toBe(before)
      const again = await estate.rampart('init', '--yes', '--offline', '--from-stack', 'rampart-production')
      expect(again.stdout).not.toContain('Pin what version')
    }, 60_000)
  })

  test('follows $Latest: the number that it has is named, and the command that writes it', async () => {
    const moto = await startStack()
    const estate = await estateOf('rampart-ai', { AWS_ENDPOINT_URL_CLOUDFORMATION: moto.url })
    const { group } = estate.cloud.world.state
    Object.assign(group.template, { version: '$Latest' })
    const { code, stdout } = await estate.rampart('init', '--yes', '--offline', '--from-stack', 'rampart-production')
    expect(code).toBe(0)
    expect(stdout).toContain('1. Give rampart-production-asg the number of its launch template')
    expect(stdout).toMatch(
      /\$ aws autoscaling update-auto-scaling-group .* --launch-template "LaunchTemplateId=lt-\w+,Version=7"/,
    )
  }, 60_000)

  test('what is not there, and what says too little, is one clear error', async () => {
    const moto = await startStack()
    const estate = await estateOf('rampart-ai', { AWS_ENDPOINT_URL_CLOUDFORMATION: moto.url })
    const init = (...words: readonly string[]): Promise<Finished> =>
      estate.rampart('init', '--yes', '--offline', ...words)
    const tried = await Promise.all([
      init('--from-stack', 'nobody'),
      init('--from-stack', 'rampart-production', '--group', 'other'),
      init('--from-stack', 'rampart-production', '--from-service', 'a/b'),
      init('--from-service', 'finbert'),
      init('--from-service', 'shop/nobody'),
      init('--from-service', 'a/b', '--from-service', 'c/d'),
    ])
    expect(tried.map(({ code, stderr }) => [code, /Error: (.*)/.exec(stderr)?.[1]])).toEqual([
      [3, 'There is no stack nobody in us-west-2.'],
      [2, 'Stack rampart-production has no Auto Scaling group other.'],
      [2, '--from-stack and --from-service both say what is adopted.'],
      [2, 'finbert is not CLUSTER/SERVICE.'],
      [3, 'There is no cluster shop in us-west-2.'],
      [2, 'Services of 2 clusters can not be one app of one environment.'],
    ])
    await writeFile(join(estate.directory, 'rampart.yml'), 'mine\n')
    const kept = await init('--from-stack', 'rampart-production')
    expect([kept.code, await readFile(join(estate.directory, 'rampart.yml'), 'utf8')]).toEqual([0, 'mine\n'])
  }, 60_000)
})
