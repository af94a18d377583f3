import * as sdk from '@aws-sdk/client-ecs'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createEcs } from '../../src/lib/aws/ecs.js'
import { membersOf, operationOf, type Schema } from '../../src/lib/rehearsal/wire/schema.js'
import type { Service } from '../../src/lib/rehearsal/wire/service.js'
import { comparable, valuesOf } from '../rehearsal/wire/arbitraries.js'
import { clientConfig, serve } from '../rehearsal/wire/cloud.js'

/** Members that AWS writes and nobody sends. */
const written = new Set([
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'deregisteredAt',
  'deleteRequestedAt',
  'registeredBy',
])

const names = (schema: Schema): readonly string[] => membersOf(schema).map(({ name }) => name)

test('what is not sent again is all that a registration has no place for', () => {
  const [described, registered] = ['DescribeTaskDefinition', 'RegisterTaskDefinition'].map((name) =>
    operationOf(sdk, name),
  )
  if (described === undefined || registered === undefined) throw new Error('the SDK lacks an operation')
  const definition = membersOf(described.output).find(({ name }) => name === 'taskDefinition')
  if (definition === undefined) throw new Error('nothing is described')
  const taken = new Set(names(registered.input))
  expect(
    names(definition.schema)
      .filter((name) => !taken.has(name))
      .toSorted(),
  ).toEqual([...written].toSorted())
})

test('a task definition is registered again with other images and tags, and with all else that the SDK knows as it was', async () => {
  const operation = operationOf(sdk, 'DescribeTaskDefinition')
  if (operation === undefined) throw new Error('the SDK has no DescribeTaskDefinition')
  let stored: sdk.DescribeTaskDefinitionResponse = {}
  let received: sdk.RegisterTaskDefinitionRequest | undefined
  const service: Service = {
    signingName: 'ecs',
    protocol: 'awsJson1_1',
    target: 'AmazonEC2ContainerServiceV20141113',
    sdk,
    handlers: {
      DescribeTaskDefinition: () => stored,
      RegisterTaskDefinition: (input: sdk.RegisterTaskDefinitionRequest) => {
        received = input
        return { taskDefinition: { ...input, revision: 2 }, tags: input.tags }
      },
    },
  }
  const server = await serve({ services: [service] })
  const { endpoint, region, credentials } = clientConfig(server)
  const before = { ...process.env }
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  onTestFinished(() => {
    process.env = before
  })
  const ecs = createEcs({ region })
  const answers = valuesOf(operation.output, 'json') as fc.Arbitrary<sdk.DescribeTaskDefinitionResponse>
  await fc.assert(
    fc.asyncProperty(
      answers.filter(({ taskDefinition }) => taskDefinition?.family !== undefined),
      fc.string({ minLength: 1 }),
      async (answer, image) => {
        stored = answer
        const source = await ecs.describeTaskDefinition('family:1')
        if (source === undefined) throw new Error('nothing was described')
        const [first] = source.containers
        await ecs.registerTaskDefinition({
          source,
          images: new Map(first === undefined ? [] : [[first.name, image]]),
          tags: { 'rampart:release': 'r-1', 'aws:ecs:x': 'theirs' },
        })
        const kept = Object.fromEntries(
          Object.entries(answer.taskDefinition ?? {}).filter(([name]) => !written.has(name)),
        )
        const containers = (answer.taskDefinition?.containerDefinitions ?? []).map((one) =>
          first !== undefined && (one.name ?? '') === first.name ? { ...one, image } : one,
        )
        expect(comparable(received)).toEqual(
          comparable({ ...kept, containerDefinitions: containers, tags: [{ key: 'rampart:release', value: 'r-1' }] }),
        )
      },
    ),
    { numRuns: 300 },
  )
})
