import * as cw from '@aws-sdk/client-cloudwatch'
import { describe, expect, test } from 'vitest'
import { runAlarmsApply, runAlarmsStatus } from '../../src/lib/compose/alarms.js'
import { runDashboardApply, runDashboardOpen } from '../../src/lib/compose/dashboard-page.js'
import { runDeploy } from '../../src/lib/compose/deploy.js'
import { runDoctor } from '../../src/lib/compose/doctor.js'
import { runRollback } from '../../src/lib/compose/rollback.js'
import type { MonitoringItem } from '../../src/lib/domain/monitoring.js'
import { actionsOf, type PolicyDocument } from '../../src/lib/doctor/policy/document.js'
import { withEnvironment } from '../doctor/support.js'
import { startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import type { Performed } from '../../src/base-command.js'

const shared = { env: undefined, progress: 'quiet', 'no-color': true, json: true } as const

/** A cloud around the example, with these alarms in its rampart.yml; without any alarms of before unless wanted. */
async function watched(alarms: string, options: CloudOptions = {}): Promise<Cloud> {
  const cloud = await startCloud({
    ...options,
    prepare: async (project) => {
      await project.edit('rampart.yml', / +alarms: \[rampart-production-backend-5xx\].*\n/, '')
      // An environment whose stack others have made.
      await project.edit('rampart.yml', / +# What it stands on[^]*$/, `    alarms: ${alarms}\n`)
    },
  })
  cloud.rehearsal.world.state.alarms.length = 0
  return cloud
}

interface Report {
  readonly items: readonly MonitoringItem[]
  readonly left: readonly string[]
}

interface Ran extends Report {
  readonly exitCode: number
  /** Calls that change something. */
  readonly writes: readonly string[]
}

async function ran(cloud: Cloud, work: (config: string) => Promise<Performed>): Promise<Ran> {
  const before = cloud.calls.length
  const { exitCode, result } = await withEnvironment(cloud.client(), () => work(cloud.project.config))
  const calls = cloud.calls.slice(before)
  const writes = calls.filter((call) => !/:(?:Describe|Get|List)/.test(call))
  return { ...(result as Report), exitCode, writes }
}

const apply = (cloud: Cloud, yes = false): Promise<Ran> =>
  ran(cloud, (config) => runAlarmsApply({ ...shared, config, yes }))
const status = (cloud: Cloud): Promise<Ran> =>
  ran(cloud, (config) => runAlarmsStatus({ ...shared, config, check: true }))

const actions = ({ items }: Report): Readonly<Record<string, string>> =>
  Object.fromEntries(items.map(({ name, action }) => [name, action]))

const clientOf = ({ rehearsal }: Cloud): cw.CloudWatchClient =>
  new cw.CloudWatchClient({
    endpoint: rehearsal.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })

const prefix = 'rampart-ai-production'

describe('alarms apply', () => {
  test('makes everything once, and writes nothing the second time', async () => {
    const cloud = await watched('{ email: operations@example.com }')
    const first = await apply(cloud)
    expect(new Set(first.items.map(({ action }) => action))).toEqual(new Set(['create']))
    expect(first.items.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...['backend', 'frontend'].flatMap((service) =>
        ['5xx', '4xx', 'latency', 'unhealthy'].map((what) => `alarm ${prefix}-${service}-${what}`),
      ),
      `alarm ${prefix}-balancer-5xx`,
      `alarm ${prefix}-processor`,
      `topic ${prefix}-alarms`,
      'subscription operations@example.com',
      `rule ${prefix}-failed-rollouts`,
    ])
    const second = await apply(cloud)
    expect(second.writes).toEqual([])
    expect(new Set(second.items.map(({ action }) => action))).toEqual(new Set(['none']))
    // The promise of `verify` on p95 is the threshold: 200 ms.
    const { definition } = cloud.rehearsal.world.state.alarms.find(({ name }) => name.endsWith('backend-latency')) ?? {}
    expect(definition?.Threshold).toBe(0.2)
  })

  test('shows drift field by field, and mends what is its own', async () => {
    const cloud = await watched('{}')
    await apply(cloud)
    const name = `${prefix}-backend-latency`
    const [there] =
      (await clientOf(cloud).send(new cw.DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms ?? []
    await clientOf(cloud).send(
      new cw.PutMetricAlarmCommand({
        ...there,
        Threshold: 9,
        AlarmName: name,
        EvaluationPeriods: 3,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    )
    const seen = await status(cloud)
    expect(seen.exitCode).toBe(3)
    expect(seen.writes).toEqual([])
    expect(seen.items.filter(({ action }) => action !== 'none')).toMatchObject([
      { name, action: 'change', drift: [{ field: 'Threshold', is: 9, wanted: 0.2 }] },
    ])
    expect((await apply(cloud)).writes).toEqual(['monitoring:PutMetricAlarm'])
    expect((await status(cloud)).exitCode).toBe(0)
  })

  test('leaves alone what others made, and changes nothing beside it', async () => {
    const cloud = await watched('{}')
    await clientOf(cloud).send(
      new cw.PutMetricAlarmCommand({
        AlarmName: `${prefix}-balancer-5xx`,
        Namespace: 'Test',
        MetricName: 'x',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    )
    const before = cloud.calls.length
    await expect(apply(cloud)).rejects.toThrow('has not the tags of this environment')
    expect(cloud.calls.slice(before).filter((call) => /:(?:Put|Create|Delete)/.test(call))).toEqual([])
  })

  test('removes what is no longer wanted with a yes alone', async () => {
    const cloud = await watched('{ email: operations@example.com }')
    await apply(cloud)
    await cloud.project.edit('rampart.yml', '{ email: operations@example.com }', '{}')
    await clientOf(cloud).send(
      new cw.PutMetricAlarmCommand({
        AlarmName: `${prefix}-search-5xx`,
        Namespace: 'Test',
        MetricName: 'x',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        Tags: [
          { Key: 'rampart:app', Value: 'rampart-ai' },
          { Key: 'rampart:environment', Value: 'production' },
        ],
      }),
    )
    const kept = await apply(cloud)
    expect(kept.left).toEqual([`${prefix}-search-5xx`, `${prefix}-failed-rollouts`])
    expect(kept.writes.filter((call) => /:(?:Delete|Remove)/.test(call))).toEqual([])
    expect((await apply(cloud, true)).writes).toEqual([
      'monitoring:DeleteAlarms',
      'events:RemoveTargets',
      'events:DeleteRule',
    ])
    expect(Object.values(actions(await status(cloud)))).toEqual(Array.from({ length: 10 }, () => 'none'))
  })
})

const deploy = (cloud: Cloud): Promise<Ran> => ran(cloud, (config) => runDeploy({ ...shared, config, force: false }))

describe('a rollout', () => {
  test('is ended by an alarm that was applied, tells of it, and the topic hears', async () => {
    const cloud = await watched('{ email: operations@example.com }', { scenario: 'lying-health' })
    await apply(cloud)
    // The first minute of measures has every alarm settled.
    await expect.poll(async () => (await status(cloud)).exitCode, { timeout: 30_000 }).toBe(0)
    const { exitCode } = await deploy(cloud)
    expect(exitCode).toBe(4)
    const told = cloud.rehearsal.world.state.messages.map(({ subject, body }) => subject ?? body)
    expect(told.some((text) => text.startsWith(`ALARM: "${prefix}-backend-5xx"`))).toBe(true)
    expect(told.some((text) => text.includes('Instance Refresh Rollback Started'))).toBe(true)
  }, 120_000)

  test('does not begin while an alarm that it watches is missing', async () => {
    const cloud = await watched('{}')
    expect((await deploy(cloud)).exitCode).toBe(3)
  }, 60_000)
})

const marksOf = ({ rehearsal }: Cloud): readonly unknown[] => {
  const { widgets } = JSON.parse(rehearsal.world.state.dashboards.get(prefix)?.body ?? '{"widgets":[]}') as {
    readonly widgets: readonly {
      readonly properties: { readonly annotations?: { readonly vertical: readonly unknown[] } }
    }[]
  }
  const all = widgets.map(({ properties }) => properties.annotations?.vertical ?? [])
  for (const one of all) expect(one).toEqual(all[0])
  return all[0] ?? []
}

test('a dashboard gets a line at each release, by deploys and by apply; and all of it is in the policy', async () => {
  const cloud = await watched('{ email: operations@example.com }')
  const open = (): Promise<Ran> => ran(cloud, (config) => runDashboardOpen({ ...shared, config }))
  await expect(open()).rejects.toThrow(`There is no dashboard ${prefix}`)
  const dashboard = (): Promise<Ran> => ran(cloud, (config) => runDashboardApply({ ...shared, config }))
  await apply(cloud)
  await expect.poll(async () => (await status(cloud)).exitCode, { timeout: 30_000 }).toBe(0)
  expect(actions(await dashboard())).toEqual({ [prefix]: 'create' })
  expect((await dashboard()).writes).toEqual([])
  expect(marksOf(cloud)).toEqual([])
  expect((await deploy(cloud)).exitCode).toBe(0)
  expect(marksOf(cloud)).toHaveLength(1)
  // Nothing to do is no release.
  expect((await deploy(cloud)).writes.filter((call) => call.includes('PutDashboard'))).toEqual([])
  await cloud.project.write('frontend/public/new.html', 'new')
  expect((await deploy(cloud)).exitCode).toBe(0)
  const back = { ...shared, yes: true, 'last-proved': true, list: false }
  expect((await ran(cloud, (config) => runRollback({ ...back, config }))).exitCode).toBe(0)
  expect(marksOf(cloud)).toMatchObject([
    { label: expect.stringMatching(/^release /) as string },
    { label: expect.stringMatching(/^release /) as string },
    { label: expect.stringMatching(/rolled back to$/) as string },
  ])
  expect((await dashboard()).writes).toEqual([])
  expect((await open()) as unknown).toMatchObject({
    url: `https://us-west-2.console.aws.amazon.com/cloudwatch/home?region=us-west-2#dashboards/dashboard/${prefix}`,
  })
  // Every call of it all is one that the policy allows; what sets a topic right is not needed above.
  const policyOf = async (...groups: readonly string[]): Promise<readonly string[]> => {
    const { result } = await withEnvironment(cloud.client(), () =>
      runDoctor({ ...shared, config: cloud.project.config, offline: false, policy: true, for: groups }),
    )
    return actionsOf((result as { readonly policy: PolicyDocument }).policy)
  }
  const called = new Set(cloud.calls.map((call) => call.replace(/^monitoring:/, 'cloudwatch:')))
  const allowed = new Set(await policyOf('deploy', 'alarms', 'dashboard'))
  expect([...called].filter((call) => !allowed.has(call))).toEqual([])
  // What removes and mends is called above; tags come with what is made.
  const mends = /:(?:TagResource|Delete\w+|RemoveTargets|SetTopicAttributes)$/
  const alone = await policyOf('alarms', 'dashboard')
  expect(alone.filter((action) => !called.has(action) && !mends.test(action))).toEqual([])
}, 180_000)
