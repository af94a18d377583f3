import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { runCli } from '../support/cli.js'
import { forgetImages } from '../support/docker.js'
import { copyExample, temporaryDirectory } from '../support/project.js'
import { exampleGroup } from '../support/rehearsal.js'
import { dockerProgram, requires } from '../support/requires.js'
import { startServe, type Served } from '../support/serve.js'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function attempt(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<Ran> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  // One that ends without reading its input is heard by its exit code.
  child.stdin.on('error', () => undefined).end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: Number(code), stdout, stderr }
}

async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, env, input)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${stderr}${stdout}`)
  return stdout.trim()
}

/** Words of a command line, those that belong together in one list. */
type Call = readonly (string | readonly string[])[]

const group = ['--auto-scaling-group-name', exampleGroup]

/** The distribution's AWS CLI in a shell that has what serve printed: no endpoint is given, it is all in the environment. */
function awsOf(served: Served) {
  const env = served.client({ AWS_PAGER: '', AWS_DEFAULT_OUTPUT: 'json' })
  // Older than AWS_ENDPOINT_URL, Debian's needs the flag.
  const args = (call: Call): string[] => ['--endpoint-url', env['AWS_ENDPOINT_URL'] ?? '', ...call.flat()]
  return {
    env,
    json: async (...call: Call): Promise<Record<string, unknown>> =>
      JSON.parse(await run('/usr/bin/aws', args(call), env)) as Record<string, unknown>,
    text: (...call: Call): Promise<string> => run('/usr/bin/aws', args([...call, '--output', 'text']), env),
    refused: async (...call: Call): Promise<string> => {
      const { code, stderr } = await attempt('/usr/bin/aws', args(call), env)
      expect(code).not.toBe(0)
      return stderr
    },
  }
}

requires('aws').describe("Debian's AWS CLI in front of rehearse serve", () => {
  test('reads every service that a deploy uses', async () => {
    const aws = awsOf(await startServe(['--speed', '60']))
    const [seen] = (await aws.json('autoscaling', 'describe-auto-scaling-groups'))['AutoScalingGroups'] as Record<
      string,
      unknown
    >[]
    expect(seen).toMatchObject({ AutoScalingGroupName: exampleGroup, DesiredCapacity: 4 })
    const templateId = await aws.text(
      ['autoscaling', 'describe-auto-scaling-groups', '--query'],
      'AutoScalingGroups[0].LaunchTemplate.LaunchTemplateId',
    )
    const instances = await aws.json(
      'ec2',
      'describe-instances',
      '--filters',
      'Name=instance-state-name,Values=running',
    )
    expect((instances['Reservations'] as object[]).length).toBeGreaterThan(0)
    expect(await aws.text('ec2', 'describe-launch-templates', '--query', 'LaunchTemplates[].LaunchTemplateId')).toBe(
      templateId,
    )
    const data = await aws.text(
      ['ec2', 'describe-launch-template-versions', '--launch-template-id', templateId],
      ['--query', 'LaunchTemplateVersions[0].LaunchTemplateData.UserData'],
    )
    expect(Buffer.from(data, 'base64').toString()).toContain('/rampart-backend@sha256:')
    const balancers = await aws.text('elbv2', 'describe-load-balancers', '--query', 'LoadBalancers[].LoadBalancerName')
    expect(balancers).toBe('rampart-ai-production')
    const arns = await aws.text('elbv2', 'describe-target-groups', '--query', 'TargetGroups[].TargetGroupArn')
    for (const arn of arns.split(/\s+/)) {
      const states = 'TargetHealthDescriptions[].TargetHealth.State'
      const health = await aws.text('elbv2', 'describe-target-health', '--target-group-arn', arn, '--query', states)
      expect(health.split(/\s+/)).toEqual(['healthy', 'healthy', 'healthy', 'healthy'])
    }
    const repositories = await aws.text('ecr', 'describe-repositories', '--query', 'repositories[].repositoryName')
    expect(repositories.split(/\s+/).toSorted()).toEqual([
      'rampart-backend',
      'rampart-backend-base',
      'rampart-frontend',
      'rampart-frontend-base',
    ])
    const images = await aws.json('ecr', 'describe-images', '--repository-name', 'rampart-backend')
    expect(images['imageDetails']).toEqual([expect.objectContaining({ imageTags: ['latest'] })])
    const streams = await aws.json('logs', 'describe-log-streams', '--log-group-name', '/rampart/production')
    expect((streams['logStreams'] as object[]).length).toBeGreaterThanOrEqual(8)
    const lines = await aws.json([
      'logs',
      'filter-log-events',
      '--log-group-name',
      '/rampart/production',
      '--max-items',
      '3',
    ])
    expect(lines['events']).toHaveLength(3)
    await aws.json('ssm', 'put-parameter', '--name', '/rampart/note', '--type', 'String', '--value', 'a "b" $c')
    expect(await aws.text('ssm', 'get-parameter', '--name', '/rampart/note', '--query', 'Parameter.Value')).toBe(
      'a "b" $c',
    )
    expect(await aws.refused('ssm', 'get-parameter', '--name', '/nothing')).toContain('ParameterNotFound')
    expect(await aws.text('sts', 'get-caller-identity', '--query', 'Account')).toBe('123456789012')
  }, 120_000)

  test('drives an instance refresh, and sees what rampart did', async () => {
    const project = await copyExample()
    const served = await startServe(['-c', project.config, '--speed', '600'])
    const aws = awsOf(served)
    const refreshes = (query: string): Promise<string> =>
      aws.text('autoscaling', 'describe-instance-refreshes', group, '--query', query)
    const made = await aws.json(
      ['ec2', 'create-launch-template-version', '--launch-template-name', 'rampart-ai-production'],
      [
        '--source-version',
        '7',
        '--version-description',
        'by hand',
        '--launch-template-data',
        '{"InstanceType":"t3.xlarge"}',
      ],
    )
    expect(made['LaunchTemplateVersion']).toMatchObject({ VersionNumber: 8, VersionDescription: 'by hand' })
    const desired = '{"LaunchTemplate":{"LaunchTemplateName":"rampart-ai-production","Version":"8"}}'
    const start = [
      ['autoscaling', 'start-instance-refresh', ...group, '--desired-configuration', desired],
      ['--preferences', '{"MinHealthyPercentage":90,"SkipMatching":true,"InstanceWarmup":36000}'],
    ]
    const { InstanceRefreshId: id } = await aws.json(...start)
    expect(await aws.refused(...start)).toContain('InstanceRefreshInProgress')

    // Ours stands aside while theirs runs.
    const deploy = () => runCli(['deploy', '-c', project.config], { env: served.client() })
    const conflict = await deploy()
    expect([conflict.code, conflict.stderr]).toEqual([6, expect.stringContaining(String(id))])
    expect((await aws.json('autoscaling', 'cancel-instance-refresh', group))['InstanceRefreshId']).toBe(id)
    expect(await refreshes('InstanceRefreshes[0].Status')).toMatch(/^Cancell(?:ing|ed)$/)
    for (let tries = 0; tries < 60 && (await refreshes('InstanceRefreshes[0].Status')) !== 'Cancelled'; tries += 1);
    expect(await aws.refused('autoscaling', 'cancel-instance-refresh', group)).toContain(
      'ActiveInstanceRefreshNotFound',
    )

    const { code, stdout, stderr } = await deploy()
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const release = /Release {2,}(\S+)/.exec(stdout)?.[1]
    expect(await refreshes('InstanceRefreshes[].Status')).toBe('Successful\tCancelled')
    const tags = await aws.text(
      ['ec2', 'describe-instances', '--filters', `Name=tag:rampart:release,Values=${release}`],
      ['Name=instance-state-name,Values=running', '--query', 'Reservations[].Instances[].InstanceId'],
    )
    expect(tags.split(/\s+/)).toHaveLength(4)
    const activities = await aws.json('autoscaling', 'describe-scaling-activities', group, '--max-items', '4')
    expect(activities['Activities']).toHaveLength(4)
    // The old release's image is still there to go back to.
    const digests = await aws.text([
      'ecr',
      'describe-images',
      '--repository-name',
      'rampart-backend',
      '--query',
      'imageDetails[].imageDigest',
    ])
    expect(digests.split(/\s+/)).toHaveLength(2)
  }, 120_000)
})

/** A logged-in client of the rehearsal's registry: its password comes from ECR by Debian's CLI, as the manual says. */
async function registryOf(served: Served) {
  const aws = awsOf(served)
  const password = await aws.text('ecr', 'get-login-password')
  const env = { ...aws.env, HOME: await temporaryDirectory('home'), DOCKER_CONFIG: await temporaryDirectory('docker') }
  return { aws, env, password, host: new URL(served.url).host }
}

requires('aws', 'skopeo', 'tar').describe('skopeo in front of rehearse serve', () => {
  test('logs in with the ECR password, pushes, lists, pulls the same bytes, and reads what rampart pushed', async () => {
    const project = await copyExample()
    const served = await startServe(['-c', project.config, '--speed', '3600'])
    const { aws, env, password, host } = await registryOf(served)
    const auth = ['--authfile', join(env.HOME, 'auth.json')]
    await run('skopeo', ['login', ...auth, '--tls-verify=false', '-u', 'AWS', '--password-stdin', host], env, password)
    await mkdir(join(env.HOME, 'tree'))
    await writeFile(join(env.HOME, 'tree/app.py'), 'print("hello")\n')
    await run('tar', ['-C', join(env.HOME, 'tree'), '-cf', join(env.HOME, 'app.tar'), 'app.py'], env)
    await run(
      'skopeo',
      ['--insecure-policy', 'copy', '-q', `tarball:${env.HOME}/app.tar`, `oci:${env.HOME}/one:v1`],
      env,
    )
    await aws.json('ecr', 'create-repository', '--repository-name', 'team/one')
    const there = `docker://${host}/team/one:v1`
    const copy = (...more: string[]) => run('skopeo', ['--insecure-policy', 'copy', '-q', ...auth, ...more], env)
    await copy('--dest-tls-verify=false', `oci:${env.HOME}/one:v1`, there)
    await copy('--src-tls-verify=false', there, `oci:${env.HOME}/two:v1`)
    const inspect = async (reference: string): Promise<Record<string, unknown>> =>
      JSON.parse(await run('skopeo', ['inspect', ...auth, '--tls-verify=false', reference], env)) as Record<
        string,
        unknown
      >
    const [local, remote] = await Promise.all([inspect(`oci:${env.HOME}/two:v1`), inspect(there)])
    expect(remote['Digest']).toBe(local['Digest'])
    expect(
      await aws.text(
        'ecr',
        'describe-images',
        '--repository-name',
        'team/one',
        '--query',
        'imageDetails[].imageDigest',
      ),
    ).toBe(remote['Digest'])
    await runCli(['app', 'build', '-c', project.config], { env: served.client() })
    const ours = await inspect(`docker://${host}/rampart-backend:latest`)
    expect(ours['Labels']).toMatchObject({ 'rampart.app': 'rampart-ai', 'rampart.service': 'backend' })
  }, 120_000)
})

requires('aws', 'docker').describe('a Docker engine in front of rehearse serve', () => {
  test('logs in with the ECR password, pushes, and pulls by digest; who is not logged in may not', async () => {
    const { aws, env, password, host } = await registryOf(await startServe(['--speed', '60']))
    const docker = (args: readonly string[], input?: string) => run(dockerProgram, args, env, input)
    await docker(['login', '-u', 'AWS', '--password-stdin', host], password)
    await aws.json('ecr', 'create-repository', '--repository-name', 'team/docker')
    const image = `${host}/team/docker:v1`
    forgetImages(host, env)
    await writeFile(join(env.HOME, 'hello'), 'hello from a layer\n')
    await run('tar', ['-C', env.HOME, '-cf', join(env.HOME, 'layer.tar'), 'hello'], env)
    await docker(['import', join(env.HOME, 'layer.tar'), image])
    const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await docker(['push', image]))?.[1]
    expect(pushed).toBe(
      await aws.text(
        'ecr',
        'describe-images',
        '--repository-name',
        'team/docker',
        '--query',
        'imageDetails[].imageDigest',
      ),
    )
    await docker(['image', 'rm', '--force', image])
    expect(await docker(['pull', `${host}/team/docker@${pushed}`])).toContain(pushed)
    const again = await docker(['push', `${host}/team/docker@${pushed}`]).catch(String)
    expect(again).toMatch(/cannot push a digest reference|refusing to create a tag with a digest reference/)
    const stranger = await attempt(dockerProgram, ['pull', image], {
      ...env,
      DOCKER_CONFIG: await temporaryDirectory('docker'),
    })
    expect([stranger.code, stranger.stderr]).toEqual([
      1,
      expect.stringMatching(/no basic auth credentials|unauthorized|denied/),
    ])
  }, 120_000)
})
