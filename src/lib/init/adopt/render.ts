import type { Standing } from '../../domain/standing.js'
import type { PlannedTarget } from '../plan.js'
import { yamlList, yamlText } from '../template.js'

/** The parts of an environment in rampart.yml, each as lines for the template; empty ones are left out. */
export interface EnvironmentParts {
  readonly registry: string
  readonly target: string
  readonly rollout: string
  readonly logs: string
  readonly serves: string
  readonly open: string
}

const first = (kind: 'asg' | 'ecs'): string => (kind === 'asg' ? 'so new instances start' : 'so new tasks start')

/** The parts for a target of which only the names are known. */
export function plannedEnvironment(app: string, environment: string, target: PlannedTarget): EnvironmentParts {
  return {
    registry: '',
    target:
      target.kind === 'asg'
        ? `target: { kind: asg, group: ${yamlText(target.group)} } # the exact name of the Auto Scaling group`
        : ecsTarget(target.cluster, target.services),
    rollout: [
      ...bounds(target.kind, 100, 200),
      `  # alarms: [${app}-${environment}-5xx] # CloudWatch alarms that roll back when they trip`,
    ].join('\n'),
    logs: `# logs: { group: /${app}/${environment} } # the log group that the containers write to`,
    serves: '',
    open: '',
  }
}

interface Placed {
  readonly name: string
  readonly service: string
  /** The only one with an image of the app when left out. */
  readonly container?: string
}

function ecsTarget(cluster: string, services: readonly Placed[]): string {
  return [
    'target:',
    '  kind: ecs',
    `  cluster: ${yamlText(cluster)}`,
    '  services: # moved in this order; when a later one fails, the earlier ones go back too',
    ...services.map(({ name, service, container }) => {
      const named = container === undefined ? '' : `, container: ${yamlText(container)}`
      return `    ${name}: { service: ${yamlText(service)}${named} }`
    }),
  ].join('\n')
}

function bounds(kind: 'asg' | 'ecs', least: number, most: number): readonly string[] {
  return [
    'rollout:',
    `  minHealthy: ${least} # ${least === 100 ? 'never fewer than now ...' : 'percent of what serves now'}`,
    `  maxHealthy: ${most} # ${most > 100 ? `... ${first(kind)} before old ones go` : 'percent of what serves now'}`,
    '  timeout: auto',
  ]
}

/** The parts for what serves already, so that it is driven as it is; what could not be read stands there as comments. */
export function standingEnvironment({ target, rollout, ...standing }: Standing): EnvironmentParts {
  const { registry, logGroup, serves, services, open } = standing
  return {
    registry: registry === undefined ? '' : `registry: ${yamlText(registry)}`,
    target:
      target.kind === 'asg'
        ? `target: { kind: asg, group: ${yamlText(target.group)} }`
        : ecsTarget(
            target.cluster,
            services.flatMap(({ name, ecs }) => (ecs === undefined ? [] : [{ name, ...ecs }])),
          ),
    rollout: [
      ...bounds(target.kind, rollout.minHealthy, rollout.maxHealthy),
      ...(rollout.warmup === undefined
        ? []
        : [`  # warmup: ${rollout.warmup}s is the group's own default, which holds while this is left out`]),
      rollout.alarms.length === 0
        ? '  # alarms: [] # CloudWatch alarms that roll back when they trip; none was found'
        : `  alarms: ${yamlList(rollout.alarms)} # they roll back when they trip`,
    ].join('\n'),
    logs: logGroup === undefined ? '' : `logs: { group: ${yamlText(logGroup)} }`,
    serves:
      serves === undefined
        ? ''
        : [
            `serves: # ${serves.place}`,
            `  url: ${yamlText(serves.url)}`,
            ...(serves.leadsTo === undefined ? [] : [`  leadsTo: ${yamlText(serves.leadsTo)}`]),
          ].join('\n'),
    open: open.map(({ what, why }) => `# Not read: ${what}\n#   ${oneLine(why)}`).join('\n'),
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')
