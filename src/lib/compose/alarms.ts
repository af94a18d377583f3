import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import type { MonitoringItem } from '../domain/monitoring.js'
import { exitCodes } from '../errors/exit-codes.js'
import { alarmRules, failedRollouts, topicName, topicWriters } from '../monitoring/rules.js'
import { lookAtMonitoring, mend, type MonitoringRequest } from '../operations/monitoring.js'
import { monitoringText } from '../report/monitoring-text.js'
import { configure } from './configure.js'
import { findPlaces, monitoringOf } from './monitoring-places.js'
import { streamPage } from './perform.js'

interface AlarmsFlags extends SharedFlags {
  readonly yes?: boolean
  readonly check?: boolean
}

/** What `alarms apply --json`, `alarms status --json` and `dashboard apply --json` print: a stable shape. */
interface MonitoringResult {
  readonly v: 1
  readonly simulated: boolean
  readonly app: string
  readonly environment: string
  /** True when it was made so, false when it was only looked at. */
  readonly applied: boolean
  readonly items: readonly MonitoringItem[]
  /** Names of what is no longer wanted and waits for a yes. */
  readonly left: readonly string[]
}

async function compose(config: Config): Promise<MonitoringRequest> {
  const plan = monitoringOf(config)
  const [{ createAws }, { createMonitoring }] = await Promise.all([
    import('../aws/index.js'),
    import('../aws/monitoring.js'),
  ])
  const { region, rollout } = config.environment
  const aws = createAws({ region })
  const places = await findPlaces(plan, config, aws)
  const isTold = plan.topic !== undefined || plan.email !== undefined
  // The partition and the account are those of whoever asks.
  const { account, arn } = isTold ? await aws.account.whoAmI() : { account: '', arn: '' }
  const partition = arn.split(':')[1] ?? 'aws'
  const topic = plan.topic ?? `arn:${partition}:sns:${region}:${account}:${topicName(plan)}`
  return {
    plan,
    monitoring: createMonitoring({ region }),
    rules: alarmRules(plan, { ...places, ...(isTold && { topic }) }),
    guards: rollout.alarms,
    ...(isTold && {
      told: {
        topic,
        pattern: JSON.stringify(
          failedRollouts(
            plan,
            (cluster, service) => `arn:${partition}:ecs:${region}:${account}:service/${cluster}/${service}`,
          ),
        ),
        policy: topicPolicy(topic, account),
      },
    }),
  }
}

/** The policy of the topic as the template has it: alarms and events of this account write, nobody else does. */
const topicPolicy = (topic: string, account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: topicWriters },
        Action: 'sns:Publish',
        Resource: topic,
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
    ],
  })

/** Prints a report of what watches, and gives it as a result. */
export function reportMonitoring(
  config: Config,
  flags: SharedFlags,
  report: Pick<MonitoringResult, 'applied' | 'items' | 'left'>,
  exitCode: number,
): Performed {
  const simulation = process.env['RAMPART_SIMULATION']
  const environment = config.environment.name
  if (!flags.json) {
    const page = streamPage(process.stdout, flags)
    process.stdout.write(`${monitoringText({ ...report, environment }, page, simulation)}\n`)
  }
  const result: MonitoringResult = {
    v: 1,
    simulated: simulation !== undefined,
    app: config.app,
    environment,
    ...report,
  }
  return { exitCode, result }
}

/** `rampart alarms apply`. */
export async function runAlarmsApply(flags: AlarmsFlags): Promise<Performed> {
  const config = await configure(flags)
  const request = await compose(config)
  const findings = await lookAtMonitoring(request)
  const { left } = await mend(findings, request.plan, flags.yes === true)
  const items = findings.map(({ item }) => item)
  return reportMonitoring(config, flags, { applied: true, items, left: left.map(({ name }) => name) }, 0)
}

/** `rampart alarms status`. */
export async function runAlarmsStatus(flags: AlarmsFlags): Promise<Performed> {
  const config = await configure(flags)
  const items = (await lookAtMonitoring(await compose(config))).map(({ item }) => item)
  const isGood = items.every(({ action, state }) => action === 'none' && state !== 'ALARM')
  const exitCode = flags.check === true && !isGood ? exitCodes.preflight : 0
  return reportMonitoring(config, flags, { applied: false, items, left: [] }, exitCode)
}
