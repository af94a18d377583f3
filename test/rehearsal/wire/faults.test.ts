import * as autoScaling from '@aws-sdk/client-auto-scaling'
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling'
import * as ec2 from '@aws-sdk/client-ec2'
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { type Fault, type FaultEffect, createFaults } from '../../../src/lib/rehearsal/wire/faults.js'
import type { Service } from '../../../src/lib/rehearsal/wire/service.js'
import { clientConfig, serve } from './cloud.js'

function countingService(): { readonly service: Service; readonly ran: () => number } {
  let runs = 0
  const count = (): unknown => {
    runs += 1
    return {}
  }
  const handlers = { DescribeAutoScalingGroups: count, StartInstanceRefresh: count }
  const service = {
    signingName: 'autoscaling',
    protocol: 'awsQuery',
    target: '2011-01-01',
    sdk: autoScaling,
    handlers,
  } as const
  return { service, ran: () => runs }
}

const ec2Service: Service = {
  signingName: 'ec2',
  protocol: 'ec2Query',
  target: '2016-11-15',
  sdk: ec2,
  handlers: { DescribeInstances: () => ({}) },
}

const describeGroups = new DescribeAutoScalingGroupsCommand()

describe('a fault on the wire', () => {
  const throttle: readonly Fault[] = [{ calls: [1], effect: { kind: 'throttle' } }]

  test.each([
    ['autoscaling', 'Throttling', 400],
    ['ec2', 'RequestLimitExceeded', 503],
    ['ssm', 'ThrottlingException', 400],
  ] as const)('throttles %s by its own code', async (which, name, httpStatusCode) => {
    const server = await serve({ services: [countingService().service, ec2Service, createSsm()], faults: throttle })
    const config = clientConfig(server)
    const calls = {
      autoscaling: () => new AutoScalingClient(config).send(describeGroups),
      ec2: () => new EC2Client(config).send(new DescribeInstancesCommand()),
      ssm: () => new SSMClient(config).send(new GetParameterCommand({ Name: 'n' })),
    }
    await expect(calls[which]()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
  })

  test.each([
    ['autoscaling', 'ExpiredToken', 403],
    ['ec2', 'RequestExpired', 400],
    ['ssm', 'ExpiredTokenException', 400],
  ] as const)('ends the credentials of %s by its own code', async (which, name, httpStatusCode) => {
    const faults: readonly Fault[] = [{ everyNth: 1, effect: { kind: 'expired-credentials' } }]
    const server = await serve({ services: [countingService().service, ec2Service, createSsm()], faults })
    const config = clientConfig(server)
    const calls = {
      autoscaling: () => new AutoScalingClient(config).send(describeGroups),
      ec2: () => new EC2Client(config).send(new DescribeInstancesCommand()),
      ssm: () => new SSMClient(config).send(new GetParameterCommand({ Name: 'n' })),
    }
    await expect(calls[which]()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
  })

  test.each<[string, FaultEffect, number, number]>([
    ['a 500 before the handler', { kind: 'status', status: 500 }, 500, 0],
    ['a 503 before the handler', { kind: 'status', status: 503, when: 'before' }, 503, 0],
    ['a 503 after the handler', { kind: 'status', status: 503, when: 'after' }, 503, 1],
  ])('is %s', async (_name, effect, httpStatusCode, runs) => {
    const { service, ran } = countingService()
    const client = new AutoScalingClient(
      clientConfig(await serve({ services: [service], faults: [{ calls: [1], effect }] })),
    )
    await expect(client.send(describeGroups)).rejects.toMatchObject({ $fault: 'server', $metadata: { httpStatusCode } })
    expect(ran()).toBe(runs)
  })

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('drops the connection %s the handler', async (when, runs) => {
    const { service, ran } = countingService()
    const server = await serve({ services: [service], faults: [{ calls: [1], effect: { kind: 'drop', when } }] })
    const client = new AutoScalingClient(clientConfig(server))
    await expect(client.send(describeGroups)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(ran()).toBe(runs)
    await client.send(describeGroups)
    expect(ran()).toBe(runs + 1)
  })

  test('is got over by the retries of a real client', async () => {
    const { service, ran } = countingService()
    const faults: readonly Fault[] = [
      { calls: [1], effect: { kind: 'drop', when: 'before' } },
      { calls: [2], effect: { kind: 'status', status: 503 } },
    ]
    const client = new AutoScalingClient(clientConfig(await serve({ services: [service], faults }), 3))
    const { $metadata: metadata } = await client.send(describeGroups)
    expect(metadata.attempts).toBe(3)
    expect(ran()).toBe(1)
  })

  test('meets only the calls that it matches', async () => {
    const faults: readonly Fault[] = [
      {
        match: { service: 'autoscaling', operation: 'StartInstanceRefresh' },
        everyNth: 1,
        effect: { kind: 'throttle' },
      },
    ]
    const client = new AutoScalingClient(clientConfig(await serve({ services: [countingService().service], faults })))
    await client.send(describeGroups)
    await expect(client.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: 'g' }))).rejects.toMatchObject({
      name: 'Throttling',
      message: 'Rate exceeded',
    })
  })

  test('leaves the effect of an answer that was lost', async () => {
    const faults: readonly Fault[] = [
      { match: { operation: 'PutParameter' }, calls: [1], effect: { kind: 'drop', when: 'after' } },
    ]
    const client = new SSMClient(clientConfig(await serve({ services: [createSsm()], faults }), 2))
    // The client tries again and meets its own first attempt.
    await expect(client.send(new PutParameterCommand({ Name: 'n', Value: 'v', Type: 'String' }))).rejects.toMatchObject(
      {
        name: 'ParameterAlreadyExists',
      },
    )
  })
})

const effect: FaultEffect = { kind: 'throttle' }
const hitsOf = (faults: readonly Fault[], calls: number, seed = 7): readonly number[] => {
  const next = createFaults(faults, seed)
  return Array.from({ length: calls }, (_, index) => index + 1).filter(
    () => next('ec2', 'DescribeInstances') !== undefined,
  )
}

describe('faults as data', () => {
  test('hit every nth call, or those with these numbers', () => {
    expect(hitsOf([{ everyNth: 3, effect }], 10)).toEqual([3, 6, 9])
    expect(hitsOf([{ calls: [2, 5], effect }], 10)).toEqual([2, 5])
    expect(hitsOf([{ match: { service: 'ssm' }, everyNth: 1, effect }], 10)).toEqual([])
  })

  test('hit about the share of calls that the rate says, the same ones for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, rate) => {
        const hits = hitsOf([{ rate, effect }], 2000, seed)
        expect(Math.abs(hits.length / 2000 - rate)).toBeLessThan(0.08)
        expect(hitsOf([{ rate, effect }], 2000, seed)).toEqual(hits)
      }),
      { numRuns: 50 },
    )
    expect(hitsOf([{ rate: 0.3, effect }], 100, 1)).not.toEqual(hitsOf([{ rate: 0.3, effect }], 100, 2))
  })

  test('the first in the list holds, and another does not shift its calls', () => {
    const rate: Fault = { rate: 0.3, effect }
    const alone = hitsOf([rate], 200)
    const next = createFaults([rate, { everyNth: 2, effect: { kind: 'drop', when: 'before' } }], 7)
    const kinds = Array.from({ length: 200 }, () => next('ec2', 'DescribeInstances')?.kind)
    expect(kinds.flatMap((kind, index) => (kind === 'throttle' ? [index + 1] : []))).toEqual(alone)
    expect(kinds.filter((kind) => kind === 'drop').length).toBeGreaterThan(50)
  })
})
