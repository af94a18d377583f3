import type { Path } from './document.js'
import { quoted, suggest, valueAt } from './explain.js'
import type { Report } from './target-checks.js'

function keysOf(data: unknown, path: Path): readonly string[] {
  const value = valueAt(data, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

const kindKeys: Readonly<Record<string, readonly string[]>> = { asg: ['instance', 'capacity', 'warmPool'], ecs: [] }
const fargateKeys = ['cpu', 'memory', 'min', 'max', 'cpuTarget']

/** MiB that Fargate takes with so many 1024ths of a processor: from, to, in steps. */
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
const sizes: ReadonlyMap<number, readonly [number, number, number]> = new Map([
  [256, [512, 2048, 512]],
  [512, [1024, 4096, 1024]],
  [1024, [2048, 8192, 1024]],
  [2048, [4096, 16_384, 1024]],
  [4096, [8192, 30_720, 1024]],
  [8192, [16_384, 61_440, 4096]],
  [16_384, [32_768, 122_880, 8192]],
])

const secretName = /(?:PASSW(?:OR)?D|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i
const secretValue = /:\/\/[^/@\s]*:[^/@\s]+@/

/** What of an environment's `infra:` can be wrong between several values. */
export function checkInfra(data: unknown, environment: Path, kind: string | undefined, report: Report): void {
  const path = [...environment, 'infra']
  const value = valueAt(data, path)
  checkAlarms(data, [...environment, 'alarms'], report)
  if (typeof value !== 'object' || value === null) return
  if (valueAt(data, [...environment, 'alarms']) !== undefined) {
    report(
      [...environment, 'alarms'],
      'does not go with `infra`',
      'The stack has the alarms: write `infra.alarms`',
      'key',
    )
  }
  checkAlarms(data, [...path, 'alarms'], report)
  if (valueAt(data, [...environment, 'registry']) !== undefined) {
    report(
      path,
      'does not go with `registry`',
      "The stack runs images of the account's own ECR: leave `registry` out",
      'key',
    )
  }
  checkKind(data, path, kind, report)
  checkHttps(data, [...path, 'https'], report)
  checkNetwork(data, [...path, 'network'], report)
  checkServices(data, path, kind, report)
  const bounds: Path[] = [
    [...path, 'capacity'],
    ...keysOf(data, [...path, 'services']).map((one) => [...path, 'services', one]),
  ]
  for (const at of bounds) {
    const [min, max] = [valueAt(data, [...at, 'min']), valueAt(data, [...at, 'max'])]
    if (typeof min === 'number' && typeof max === 'number' && min > max) {
      report([...at, 'max'], `is below min (${min})`, `Write at least \`max: ${min}\``)
    }
  }
}

function checkAlarms(data: unknown, path: Path, report: Report): void {
  if (valueAt(data, [...path, 'topic']) === undefined || valueAt(data, [...path, 'email']) === undefined) return
  report([...path, 'email'], 'does not go with `topic`', 'Subscribe the address to the topic, or leave one out')
}

function checkKind(data: unknown, path: Path, kind: string | undefined, report: Report): void {
  for (const [of, keys] of Object.entries(kindKeys)) {
    if (kind === undefined || of === kind) continue
    for (const key of keys) {
      if (valueAt(data, [...path, key]) === undefined) continue
      report([...path, key], `does not go with kind \`${kind}\``, `It is for kind \`${of}\``, 'key')
    }
  }
  if (kind === 'asg' && valueAt(data, [...path, 'instance']) === undefined) {
    report([...path], 'has no `instance`', 'Add `instance: { type: c7i.xlarge }`, with memory for all models', 'key')
  }
}

function checkHttps(data: unknown, path: Path, report: Report): void {
  const https = valueAt(data, path)
  if (typeof https !== 'object' || https === null) return
  const has = (key: string): boolean => valueAt(data, [...path, key]) !== undefined
  if (!has('certificate') && !(has('domain') && has('zone'))) {
    report(
      path,
      'names no certificate',
      'Write `certificate: arn:aws:acm:…`, or `domain` and `zone` to have one made',
      'key',
    )
  }
  if (has('zone') && !has('domain'))
    report([...path, 'zone'], 'has no `domain`', 'Write the name that users write', 'key')
}

function checkNetwork(data: unknown, path: Path, report: Report): void {
  const has = (key: string): boolean => valueAt(data, [...path, key]) !== undefined
  const given = ['vpc', 'publicSubnets', 'privateSubnets']
  const own = ['cidr', 'zones', 'egress']
  if (!given.some(has)) return
  for (const key of given)
    if (!has(key)) report(path, `has no \`${key}\``, `A VPC that is there needs ${quoted(given)}`, 'key')
  for (const key of own) {
    if (has(key)) report([...path, key], 'does not go with a VPC that is there', 'Leave it out', 'key')
  }
  for (const key of ['publicSubnets', 'privateSubnets']) {
    const subnets = valueAt(data, [...path, key])
    if (Array.isArray(subnets) && subnets.length < 2) {
      report([...path, key], 'holds fewer than two', 'A load balancer needs two zones', 'key')
    }
  }
}

function checkServices(data: unknown, path: Path, kind: string | undefined, report: Report): void {
  const services = keysOf(data, ['services'])
  const named = keysOf(data, [...path, 'services'])
  for (const one of named) {
    const at = [...path, 'services', one]
    if (!services.includes(one)) {
      const near = suggest(one, services)
      report(
        at,
        'is no service of this app',
        near === undefined ? `The app has: ${quoted(services)}` : `Did you mean \`${near}\`?`,
        'key',
      )
    }
    for (const key of kind === 'asg' ? fargateKeys : []) {
      if (valueAt(data, [...at, key]) !== undefined)
        report([...at, key], 'does not go with kind `asg`', 'It is for kind `ecs`', 'key')
    }
    checkSize(data, at, report)
    checkVariables(data, at, report)
  }
  for (const one of services) {
    if (valueAt(data, ['services', one, 'health']) !== undefined) continue
    report(
      ['services', one],
      'has no `health`',
      'The load balancer asks it: `health: { live: /health, port: 8000 }`',
      'key',
    )
  }
  const rest = services.filter((one) => {
    const paths = valueAt(data, [...path, 'services', one, 'paths'])
    return paths === undefined || (Array.isArray(paths) && paths.length === 0)
  })
  if (rest.length === 1 || services.length === 0) return
  report(
    [...path, 'services'],
    rest.length === 0 ? 'leaves no service for all other paths' : `does not say which paths lead to ${quoted(rest)}`,
    'Exactly one service names no `paths`, and takes all the rest',
    'key',
  )
}

function checkSize(data: unknown, at: Path, report: Report): void {
  const cpu = valueAt(data, [...at, 'cpu']) ?? 1024
  const memory = valueAt(data, [...at, 'memory']) ?? 4096
  if (typeof cpu !== 'number' || typeof memory !== 'number') return
  const size = sizes.get(cpu)
  if (size === undefined) {
    report([...at, 'cpu'], 'is no size of Fargate', `Fargate has ${[...sizes.keys()].join(', ')}`)
    return
  }
  const [least, most, step] = size
  // The smallest processor takes 512, 1024 and 2048 alone.
  if (memory >= least && memory <= most && memory % step === 0 && !(cpu === 256 && memory === 1536)) return
  const part = valueAt(data, [...at, 'memory']) === undefined ? 'cpu' : 'memory'
  report(
    [...at, part],
    `does not go together: ${cpu} with ${memory} MiB`,
    `With cpu ${cpu}: ${least} to ${most} in steps of ${step}`,
  )
}

/** A template is read by many: what looks like a secret in it is one. */
function checkVariables(data: unknown, at: Path, report: Report): void {
  const secrets = keysOf(data, [...at, 'secrets'])
  for (const variable of keysOf(data, [...at, 'env'])) {
    const value = valueAt(data, [...at, 'env', variable])
    if (secrets.includes(variable)) {
      report([...at, 'env', variable], 'is under `secrets`, too', 'Keep one of them', 'key')
    } else if (secretName.test(variable) || (typeof value === 'string' && secretValue.test(value))) {
      const hint =
        'Put it into Secrets Manager and name it under `secrets`: the template, the console and logs show `env`'
      report([...at, 'env', variable], 'looks like a secret', hint, 'key')
    }
  }
}
