import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { formatError } from '../../src/lib/errors/format.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { temporaryDirectory } from '../support/project.js'

async function problems(infra: string, kind = 'asg'): Promise<string> {
  const directory = await temporaryDirectory('infra-config')
  const path = join(directory, 'rampart.yml')
  await writeFile(join(directory, 'Dockerfile.app'), 'FROM scratch\n')
  const target =
    kind === 'asg' ? '{ kind: asg, group: shop }' : '{ kind: ecs, cluster: shop, services: { web: { service: web } } }'
  await writeFile(
    path,
    `app: shop
services:
  web: { repository: web, health: { live: /health, port: 80 } }
environments:
  production:
    region: us-west-2
    target: ${target}
    infra: ${infra}
`,
  )
  return loadConfig({ path, env: {} }).then(
    () => '',
    (error: unknown) => (error instanceof RampartError ? formatError(error) : String(error)),
  )
}

const https = 'https: { certificate: "arn:aws:acm:us-west-2:123456789012:certificate/1" }'

test('what stands for a whole environment is enough', async () => {
  expect(await problems(`{ ${https}, instance: { type: c7i.large } }`)).toBe('')
  expect(await problems(`{ https: { domain: shop.example.com, zone: Z1 } }`, 'ecs')).toBe('')
})

test.each([
  [
    'no certificate',
    `{ https: { domain: shop.example.com }, instance: { type: c7i.large } }`,
    'asg',
    'names no certificate',
  ],
  ['no instance', `{ ${https} }`, 'asg', 'has no `instance`'],
  ['what is for instances', `{ ${https}, warmPool: {} }`, 'ecs', 'does not go with kind `ecs`'],
  [
    'what is for tasks',
    `{ ${https}, instance: { type: c7i.large }, services: { web: { cpu: 256 } } }`,
    'asg',
    'It is for kind `ecs`',
  ],
  [
    'a size that Fargate lacks',
    `{ ${https}, services: { web: { cpu: 256, memory: 4096 } } }`,
    'ecs',
    'With cpu 256: 512 to 2048',
  ],
  [
    'no service for the rest',
    `{ ${https}, services: { web: { paths: ["/*"] } } }`,
    'ecs',
    'leaves no service for all other paths',
  ],
  ['a service that is none', `{ ${https}, services: { wep: {} } }`, 'ecs', 'Did you mean `web`?'],
  ['half a network', `{ ${https}, network: { vpc: vpc-0123456789abcdef0 } }`, 'ecs', 'has no `privateSubnets`'],
  [
    'a secret by its name',
    `{ ${https}, services: { web: { env: { DB_PASSWORD: x } } } }`,
    'ecs',
    'looks like a secret',
  ],
  [
    'a secret by its value',
    `{ ${https}, services: { web: { env: { DB: "pg://u:p@h/d" } } } }`,
    'ecs',
    'looks like a secret',
  ],
  [
    'two who are told',
    `{ ${https}, alarms: { topic: "arn:aws:sns:us-west-2:1:t", email: a@b.c } }`,
    'ecs',
    'does not go with `topic`',
  ],
])('%s is a problem', async (_, infra, kind, expected) => {
  const text = await problems(infra, kind)
  expect(text).toContain(expected)
  expect(text).not.toContain('pg://u:p')
})
