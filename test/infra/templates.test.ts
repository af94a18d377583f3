import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { InfraPlan } from '../../src/lib/domain/infra.js'
import { blockOf } from '../../src/lib/infra/network.js'
import { synthesize, templateBody, templateLimit, templateText } from '../../src/lib/infra/synthesize.js'
import type { Template } from '../../src/lib/infra/template.js'
import { findReferences, pinReferences, userDataLimit } from '../../src/lib/rollout/asg/user-data.js'
import { root } from '../support/cli.js'
import { asg, variants } from './variants.js'

const script = readFileSync(join(root, 'templates/infra/start.sh'), 'utf8')
const make = (plan: InfraPlan): Template => synthesize(plan, { script })

interface Node {
  readonly [key: string]: unknown
}

/** Every map in a value, with the way to it. */
function* maps(value: unknown, path: readonly string[] = []): Generator<readonly [readonly string[], Node]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [path, value as Node]
  for (const [key, one] of Object.entries(value)) yield* maps(one, [...path, key])
}

const resources = (template: Template): readonly (readonly [string, Template['Resources'][string]])[] =>
  Object.entries(template.Resources)

const of = (template: Template, type: string): readonly (readonly [string, Node])[] =>
  resources(template)
    .filter(([, { Type }]) => Type === type)
    .map(([name, { Properties = {} }]) => [name, Properties])

/** What stands under that key, wherever it stands. */
const under = (template: Template, key: string): readonly unknown[] =>
  [...maps(template.Resources)].flatMap(([, map]) => (key in map ? [map[key]] : []))

/** The actions of a statement. */
const actionsOf = (statement: Node): readonly string[] => [statement['Action']].flat() as string[]

/** What reads the data of somebody. */
const reads =
  /^(?:secretsmanager:Get|ssm:Get|s3:Get|kms:Decrypt|ecr:(?:BatchGet|GetDownload)|elasticfilesystem:Client|logs:(?:Get|Filter)|dynamodb:)/

describe.each(Object.entries(variants))('the template of %s', (name, plan) => {
  const template = make(plan)

  test('is what people have reviewed', async () => {
    await expect(templateText(plan, template)).toMatchFileSnapshot(`../golden/infra/${name}.yaml`)
  })

  test('is the same each time, and small enough to be sent', () => {
    expect(templateBody(make(plan))).toBe(templateBody(template))
    expect(templateBody(template).length).toBeLessThanOrEqual(templateLimit)
    expect(templateBody(template)).not.toContain('"note"')
  })

  test('starts no refresh of its own', () => {
    expect(resources(template).filter(([, one]) => 'UpdatePolicy' in one)).toEqual([])
  })

  test('lets the world reach ports 80 and 443 of the load balancer, and nothing else', () => {
    const open = [...maps(template.Resources)].filter(
      ([path, map]) =>
        (map['CidrIp'] === '0.0.0.0/0' || map['CidrIpv6'] !== undefined) && !path.includes('SecurityGroupEgress'),
    )
    const found = open.map(([[resource], map]) => [resource, map['FromPort'], map['ToPort']])
    expect(found).toEqual([
      ['LoadBalancerSecurityGroup', 443, 443],
      ['LoadBalancerSecurityGroup', 80, 80],
    ])
    for (const [group, properties] of of(template, 'AWS::EC2::SecurityGroup')) {
      // Without any rule CloudFormation opens every way out.
      expect([group, properties['SecurityGroupEgress']]).toEqual([group, expect.arrayContaining([expect.anything()])])
      const out = (properties['SecurityGroupEgress'] as readonly Node[]).filter(({ CidrIp }) => CidrIp === '0.0.0.0/0')
      expect([group, out.map(({ FromPort }) => FromPort)]).toEqual([
        group,
        group === 'ServingSecurityGroup' ? plan.outbound : [],
      ])
    }
  })

  test('answers HTTP by a redirect alone, on every path', () => {
    const listeners = of(template, 'AWS::ElasticLoadBalancingV2::Listener')
    expect(listeners.map(([, { Port, Protocol }]) => [Port, Protocol])).toEqual([
      [443, 'HTTPS'],
      [80, 'HTTP'],
    ])
    expect(listeners[1]?.[1]['DefaultActions']).toEqual([expect.objectContaining({ Type: 'redirect' })])
    for (const [, rule] of of(template, 'AWS::ElasticLoadBalancingV2::ListenerRule')) {
      expect(rule['ListenerArn']).toEqual({ Ref: 'HttpsListener' })
    }
  })

  test('lets no statement that reads data read everything', () => {
    const statements = [...maps(template.Resources)].filter(([path, map]) => 'Effect' in map && path[0] !== 'TopicKey')
    const reading = statements.filter(
      ([, map]) => map['Effect'] === 'Allow' && actionsOf(map).some((one) => reads.test(one)),
    )
    expect(reading.length).toBeGreaterThan(0)
    for (const [path, map] of reading) {
      // A policy of a repository may name none, and one of a file system only that one, whose id is not known before it
      // is made: without the word it is about its own resource alone.
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
      const isOfResource = path.includes('RepositoryPolicyText') || path.includes('FileSystemPolicy')
      const named = JSON.stringify([map['Resource'] ?? 'its own'].flat())
      expect([path.join('.'), 'Resource' in map]).toEqual([path.join('.'), !isOfResource])
      expect([path.join('.'), named]).toEqual([path.join('.'), expect.not.stringMatching(/"\*"|:\*"|\/\*"/)])
    }
    for (const [, map] of statements) expect(actionsOf(map).filter((one) => one === '*')).toEqual([])
    expect([...maps(template.Resources)].filter(([, map]) => 'ManagedPolicyArns' in map)).toEqual([])
  })

  test('lets what fills the model cache write to it, and nobody who serves', () => {
    const writers = of(template, 'AWS::IAM::Role').filter(([, role]) => JSON.stringify(role).includes('ClientWrite'))
    const hasFill = plan.modelCache !== undefined && JSON.stringify(template.Outputs).includes('CacheFillTask')
    expect(writers.map(([id]) => id)).toEqual(hasFill ? ['CacheFillRole'] : [])
    const mounts = of(template, 'AWS::ECS::TaskDefinition').flatMap(([id, one]) =>
      [...maps(one)].flatMap(([, map]) => ('SourceVolume' in map ? [[id, map['ReadOnly']]] : [])),
    )
    for (const [id, isReadOnly] of mounts) expect([id, isReadOnly]).toEqual([id, id !== 'CacheFill'])
  })

  test('encrypts what it keeps', () => {
    for (const [, one] of of(template, 'AWS::ECR::Repository')) {
      expect(one['EncryptionConfiguration']).toEqual({ EncryptionType: 'AES256' })
      expect(one['ImageScanningConfiguration']).toEqual({ ScanOnPush: true })
      expect(one['ImageTagMutability']).toMatch(/^IMMUTABLE/)
    }
    for (const [, one] of of(template, 'AWS::EFS::FileSystem')) expect(one['Encrypted']).toBe(true)
    for (const [, one] of of(template, 'AWS::SNS::Topic')) expect(one['KmsMasterKeyId']).toBeDefined()
    for (const volume of under(template, 'Ebs')) expect(volume).toMatchObject({ Encrypted: true })
    for (const volume of under(template, 'EFSVolumeConfiguration')) {
      expect(volume).toMatchObject({ TransitEncryption: 'ENABLED', AuthorizationConfig: { IAM: 'ENABLED' } })
    }
    for (const options of under(template, 'MetadataOptions')) expect(options).toMatchObject({ HttpTokens: 'required' })
  })

  test('keeps what holds data', () => {
    const holding = new Set(['AWS::ECR::Repository', 'AWS::EFS::FileSystem', 'AWS::Logs::LogGroup'])
    for (const [resource, one] of resources(template).filter(([, { Type }]) => holding.has(Type))) {
      expect([resource, one.DeletionPolicy, one.UpdateReplacePolicy]).toEqual([resource, 'Retain', 'Retain'])
    }
    const gone = resources(synthesize(plan, { script, keepsData: false }))
    expect(gone.filter(([, one]) => one.DeletionPolicy?.startsWith('Retain') === true)).toEqual([])
  })

  test('uses every role and every parameter that it has', () => {
    const text = JSON.stringify([template.Resources, template.Conditions])
    const names = [...of(template, 'AWS::IAM::Role').map(([role]) => role), ...Object.keys(template.Parameters)]
    for (const one of names) {
      const used = text.includes(`"Ref":"${one}"`) || text.includes(`["${one}",`) || text.includes(`\${${one}}`)
      expect([one, used]).toEqual([one, true])
    }
  })

  test('names every secret and holds none', () => {
    const text = templateBody(template)
    for (const { secrets } of plan.services) {
      for (const { secret } of secrets) expect(text).toContain(secret.replace(/^arn:aws:/, ''))
    }
  })
})

/** User data as CloudFormation would fill it in. */
function filled(plan: InfraPlan): string {
  const [, found] = [...maps(make(plan).Resources)].find(([, map]) => 'Fn::Base64' in map) ?? []
  const { 'Fn::Sub': text } = (found ?? {})['Fn::Base64'] as { readonly 'Fn::Sub': string }
  const values: Readonly<Record<string, string>> = {
    'AWS::AccountId': '123456789012',
    'AWS::Region': 'us-west-2',
    'AWS::URLSuffix': 'amazonaws.com',
    BackendImage: ':latest',
    FrontendImage: `@sha256:${'b'.repeat(64)}`,
    ModelCache: 'fs-0123456789abcdef0',
    ModelCacheAccess: 'fsap-0123456789abcdef0',
  }
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) =>
    name.startsWith('!') ? `\${${name.slice(1)}}` : (values[name] ?? `UNKNOWN ${name}`),
  )
}

describe.each(Object.entries(variants).filter(([, { kind }]) => kind === 'asg'))('the user data of %s', (_, plan) => {
  const text = filled(plan)
  const host = '123456789012.dkr.ecr.us-west-2.amazonaws.com'

  test('is a script that a shell can read, and that fits', () => {
    expect(text).not.toContain('UNKNOWN')
    expect(Buffer.byteLength(text)).toBeLessThan(userDataLimit - 200)
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  test('is what a rollout pins: each image once, and nothing else of it changes', () => {
    const digest = `sha256:${'a'.repeat(64)}` as const
    const pins = plan.services.map(({ repository }) => ({ repository, digest }))
    for (const { repository } of pins) expect(findReferences(text, host, repository)).toHaveLength(1)
    const pinned = pinReferences(text, host, pins)
    expect([...pinned.found.values()]).toEqual(plan.services.map(() => 1))
    const before = text.split('\n')
    const changed = pinned.text.split('\n').filter((line, index) => line !== before[index])
    expect(changed).toEqual([
      `backend_image=${host}/rampart-backend@${digest}`,
      `frontend_image=${host}/rampart-frontend@${digest}`,
    ])
  })
})

test('a variable reaches the container as it was written', () => {
  const line = filled(asg)
    .split('\n')
    .find((one) => one.includes('GREETING='))
  const { stdout } = spawnSync('bash', ['-c', `printf %s ${line?.trim().replace(/\\$/, '')}`], { encoding: 'utf8' })
  expect(stdout).toContain(`GREETING=${asg.services[0]?.env['GREETING']}`)
})

test.each([
  ['10.0.0.0/16', 4, 0, '10.0.0.0/18'],
  ['10.0.0.0/16', 4, 3, '10.0.192.0/18'],
  ['192.168.240.0/20', 8, 7, '192.168.254.0/23'],
])('%s in %i equal blocks: number %i is %s', (cidr, count, index, block) => {
  expect(blockOf(cidr, count, index)).toBe(block)
})
