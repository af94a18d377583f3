import * as sdk from '@aws-sdk/client-ecs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { membersOf, operationOf, type Schema } from '../../../src/lib/rehearsal/wire/schema.js'
import { comparable, valuesOf } from '../wire/arbitraries.js'
import { openEcs } from './support.js'

const input = operationOf(sdk, 'RegisterTaskDefinition')?.input
const memberOf = (schema: Schema | undefined, name: string): Schema => {
  const found = schema === undefined ? undefined : membersOf(schema).find((member) => member.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found.schema
}
const containers = memberOf(input, 'containerDefinitions').getValueSchema()

/** Everything that the SDK models of a container and of a definition, with what ECS itself demands of names and numbers. */
const definitions = fc
  .record({
    request: valuesOf(input ?? containers, 'json') as fc.Arbitrary<sdk.RegisterTaskDefinitionRequest>,
    family: fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/),
    all: fc.array(valuesOf(containers, 'json') as fc.Arbitrary<sdk.ContainerDefinition>, {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ request, family, all }): sdk.RegisterTaskDefinitionRequest => {
    const { requiresCompatibilities: _required, ...rest } = request
    return {
      ...rest,
      family,
      containerDefinitions: all.map((each, index) => ({
        ...each,
        name: `container-${index}`,
        image: each.image || 'public.ecr.aws/nginx/nginx:1',
        essential: index === 0 ? true : (each.essential ?? true),
      })),
    }
  })

/** Whether all that was asked for is in the answer, unchanged; what the answer adds does not matter. */
function isKept(asked: unknown, answered: unknown): boolean {
  if (Array.isArray(asked)) {
    return (
      Array.isArray(answered) && asked.length === answered.length && asked.every((each, i) => isKept(each, answered[i]))
    )
  }
  if (typeof asked !== 'object' || asked === null) return Object.is(asked, answered)
  if (typeof answered !== 'object' || answered === null) return false
  const given = new Map(Object.entries(answered))
  return Object.entries(asked).every(([name, value]) => value === undefined || isKept(value, given.get(name)))
}

describe('task definitions', () => {
  test('are kept whole, whatever the SDK can say', async () => {
    const cloud = await openEcs()
    await fc.assert(
      fc.asyncProperty(definitions, async (definition) => {
        const { tags, ...rest } = definition
        const registered = await cloud.ecs.send(new sdk.RegisterTaskDefinitionCommand(definition))
        const described = await cloud.ecs.send(
          new sdk.DescribeTaskDefinitionCommand({
            taskDefinition: registered.taskDefinition?.taskDefinitionArn,
            include: ['TAGS'],
          }),
        )
        expect(described.taskDefinition).toEqual(registered.taskDefinition)
        expect(isKept(comparable(rest), comparable(described.taskDefinition))).toBe(true)
        expect(described.tags).toEqual(tags ?? [])
      }),
      { numRuns: 150 },
    )
  })

  test('count their revisions, and are found by family, number and ARN', async () => {
    const { ecs } = await openEcs()
    const register = (family: string) =>
      ecs.send(
        new sdk.RegisterTaskDefinitionCommand({ family, containerDefinitions: [{ name: 'a', image: 'alpine:3' }] }),
      )
    expect((await register('finbert-api')).taskDefinition?.revision).toBe(8)
    expect((await register('other')).taskDefinition?.revision).toBe(1)
    const made = await register('other')
    const arn = made.taskDefinition?.taskDefinitionArn ?? ''
    for (const taskDefinition of ['other', 'other:2', arn]) {
      const found = await ecs.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition }))
      expect(found.taskDefinition?.taskDefinitionArn).toBe(arn)
    }
    const gone = await ecs.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition: arn }))
    expect(gone.taskDefinition?.status).toBe('INACTIVE')
    const newest = await ecs.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition: 'other' }))
    expect(newest.taskDefinition?.revision).toBe(1)
    expect((await register('other')).taskDefinition?.revision).toBe(3)
    const list = async (request: sdk.ListTaskDefinitionsRequest) =>
      (await ecs.send(new sdk.ListTaskDefinitionsCommand(request))).taskDefinitionArns?.map((each) =>
        each.slice(each.lastIndexOf('/') + 1),
      )
    expect(await list({})).toEqual(['finbert-api:7', 'finbert-api:8', 'finbert-ui:7', 'other:1', 'other:3'])
    expect(await list({ familyPrefix: 'other', sort: 'DESC' })).toEqual(['other:3', 'other:1'])
    expect(await list({ status: 'INACTIVE' })).toEqual(['other:2'])
    const families = await ecs.send(new sdk.ListTaskDefinitionFamiliesCommand({ familyPrefix: 'finbert' }))
    expect(families.families).toEqual(['finbert-api', 'finbert-ui'])
    const pages = []
    for await (const page of sdk.paginateListTaskDefinitions({ client: ecs, pageSize: 2 }, {})) {
      pages.push(page.taskDefinitionArns?.length)
    }
    expect(pages).toEqual([2, 2, 1])
  })

  test.each<[string, Partial<sdk.RegisterTaskDefinitionRequest>, RegExp]>([
    ['family', { family: 'a b' }, /^Family should/],
    ['no container', { containerDefinitions: [] }, /^Container list cannot be empty/],
    ['no image', { containerDefinitions: [{ name: 'a' }] }, /^Container\.image should not be null/],
    ['no name', { containerDefinitions: [{ image: 'a' }] }, /^Container\.name should not be null/],
    ['no essential one', { containerDefinitions: [{ name: 'a', image: 'a', essential: false }] }, /essential/],
    ['no size', { requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc' }, /^Fargate requires that 'cpu'/],
    [
      'network',
      { requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', networkMode: 'bridge' },
      /^Fargate only supports network mode/,
    ],
    [
      'size',
      { requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '4 GB', networkMode: 'awsvpc' },
      /^No Fargate configuration exists for given values: 256 CPU, 4096 memory/,
    ],
  ])('are refused: %s', async (_name, changes, message) => {
    const { ecs } = await openEcs()
    const request = { family: 'f', containerDefinitions: [{ name: 'a', image: 'alpine:3' }], ...changes }
    const failed: unknown = await ecs
      .send(new sdk.RegisterTaskDefinitionCommand(request))
      .catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(sdk.ClientException)
    expect((failed as Error).message).toMatch(message)
  })

  test.each([
    ['256', '512'],
    ['.5 vCPU', '1 GB'],
    ['1 vcpu', '8GB'],
    ['4096', '30720'],
    ['16384', '122880'],
  ])('of %s and %s fit Fargate', async (cpu, memory) => {
    const { ecs } = await openEcs()
    const { taskDefinition } = await ecs.send(
      new sdk.RegisterTaskDefinitionCommand({
        family: 'f',
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu,
        memory,
        containerDefinitions: [{ name: 'a', image: 'alpine:3' }],
      }),
    )
    expect(taskDefinition).toMatchObject({ cpu, memory })
  })
})
