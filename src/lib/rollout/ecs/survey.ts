import type { Target } from '../../domain/target.js'
import type { LoadBalancing } from '../../ports/auto-scaling.js'
import type { Ecs, EcsDeployment, EcsService, EcsTask } from '../../ports/ecs.js'
import type { EcsRolloutOptions, EcsServiceOptions } from './options.js'
import { partOf } from './parts.js'
import type { EcsRecords } from './records.js'
import { targetGroupsOf, targetsOf } from './targets.js'

/** One service of a rollout, as it stands. */
export interface ServiceSurvey {
  readonly options: EcsServiceOptions
  readonly service: EcsService
  /** `family:number` of what the rollout moves it to. */
  readonly part: string
  /** The rollout's deployment of it; undefined when it was not begun, or when there is nothing to move. */
  readonly forward?: EcsDeployment
  /** The one that took it back after another service had failed. */
  readonly back?: EcsDeployment
  /** Wanted ones, and those that stopped in about the last hour. */
  readonly tasks: readonly EcsTask[]
  readonly targets: readonly Target[]
}

export interface SurveyPorts {
  readonly ecs: Ecs
  readonly loadBalancing: LoadBalancing
}

/** A service's tasks, and what its load balancers say of them. */
export async function surveyTasks(
  { ecs, loadBalancing }: SurveyPorts,
  cluster: string,
  service: EcsService,
  part: string,
  since = 0,
): Promise<Pick<ServiceSurvey, 'tasks' | 'targets'>> {
  const [wanted, stopped, healths] = await Promise.all([
    ecs.describeTasks(cluster, service.name, 'RUNNING'),
    ecs.describeTasks(cluster, service.name, 'STOPPED'),
    loadBalancing.describeTargetHealth(targetGroupsOf(service)),
  ])
  // One may stop between the two answers.
  const tasks = [...new Map([...wanted, ...stopped].map((task) => [task.id, task])).values()]
  return { tasks, targets: targetsOf(service, tasks, healths, part, since) }
}

/** True for a deployment that replaces the tasks of a service by tasks of the same definition. */
function isSame(
  forward: EcsDeployment | undefined,
  part: string,
  partsOfSources: ReadonlyMap<string, string>,
): boolean {
  const from = (forward?.sourceRevisionArns ?? []).map((arn) => partsOfSources.get(arn))
  return from.length > 0 && from.every((one) => one === part)
}

/**
 * Looks at every service of the rollout that began then and moves them to those parts. The calls grow with the services
 * and with pages of tasks, not with time. Deployments first: what is seen of the tasks is never older than the status.
 */
export async function survey(
  ports: SurveyPorts,
  records: EcsRecords,
  { cluster, services: options }: EcsRolloutOptions,
  parts: readonly string[],
  startedAt: number,
): Promise<readonly ServiceSurvey[]> {
  const listed = await records.deployments(startedAt)
  const pairs = options.map((_, index) => {
    const own = listed.filter((one) => one.index === index)
    const forward = own.findLast((one) => one.part === parts[index])
    const back = own.findLast(
      (one) =>
        forward !== undefined && one.deployment.createdAt > forward.deployment.createdAt && one.part !== forward.part,
    )
    return [forward?.deployment.arn, back?.deployment.arn] as const
  })
  const [deployments, services] = await Promise.all([
    ports.ecs.describeServiceDeployments(pairs.flat().filter((arn) => arn !== undefined)),
    records.services(),
  ])
  const sources = await records.partsOf(deployments.flatMap(({ sourceRevisionArns }) => sourceRevisionArns))
  const byArn = new Map(deployments.map((one) => [one.arn, one]))
  return Promise.all(
    services.map(async (service, index) => {
      const part = parts[index] ?? partOf(service.taskDefinition)
      const [forwardArn = '', backArn = ''] = pairs[index] ?? []
      const [forward, back] = [byArn.get(forwardArn), byArn.get(backArn)]
      return {
        options: options[index] as EcsServiceOptions,
        service,
        part,
        ...(forward !== undefined && { forward }),
        ...(back !== undefined && { back }),
        ...(await surveyTasks(ports, cluster, service, part, isSame(forward, part, sources) ? forward?.createdAt : 0)),
      }
    }),
  )
}
