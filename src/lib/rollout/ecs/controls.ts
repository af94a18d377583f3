import { RampartError } from '../../errors/rampart-error.js'
import type { Refusal } from '../../ports/auto-scaling.js'
import type { ServiceBounds } from '../../ports/service-bounds.js'
import type { Driver } from '../driver.js'
import { goesBack, isActive } from './deployments.js'
import { revisionFacts } from './facts.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf, partsOf } from './parts.js'
import type { EcsRecords } from './records.js'
import { surveyTasks, type SurveyPorts } from './survey.js'

/** What is done with a cluster's services beside moving them forward, and what must be known for it. */
export function ecsControls(
  options: EcsRolloutOptions,
  ports: SurveyPorts & { readonly bounds: () => Promise<ServiceBounds> },
  records: EcsRecords,
): Pick<Driver, 'cancel' | 'isMovingTo' | 'stored' | 'sizes' | 'resize'> {
  const { ecs } = ports
  const { cluster } = options
  return {
    async cancel({ startedAt }) {
      const listed = await records.deployments(startedAt)
      const active = listed.find((one) => isActive(one.deployment.status))
      // Between two services nothing is to be stopped: nobody moves the next one.
      if (active === undefined) return undefined
      const refused = await ecs.abortServiceDeployment(active.deployment.arn)
      const [now] = await ecs.describeServiceDeployments([active.deployment.arn])
      if (refused === undefined || now === undefined || !isActive(now.status)) return undefined
      const { name = '' } = options.services[active.index] ?? {}
      return new RampartError('attention', `AWS refused to stop on ${name}: ${refused.message} (${refused.code})`, {
        next: [`aws ecs list-service-deployments --cluster ${cluster} --service ${name}`],
      })
    },

    async isMovingTo(revision) {
      const parts = partsOf(revision)
      const active = (await records.deployments()).filter((one) => isActive(one.deployment.status))
      return (
        active.length > 0 && active.every((one) => one.part === parts[one.index] && !goesBack(one.deployment.status))
      )
    },

    async stored(revision, registryHost) {
      const parts = partsOf(revision)
      const found = await Promise.all(parts.map(async (part) => ecs.describeTaskDefinition(part)))
      const known = found.filter((one) => one !== undefined)
      const gone = parts.filter((_, index) => found[index]?.status !== 'ACTIVE')
      const facts =
        known.length === parts.length ? revisionFacts(revision, known, options, registryHost) : { revision, images: [] }
      return {
        ...facts,
        secrets: [...new Set(known.flatMap(({ secrets }) => secrets))],
        ...(gone.length > 0 && { gone: `${gone.join(', ')} ${gone.length === 1 ? 'is' : 'are'} not active any more` }),
      }
    },

    async sizes() {
      const names = options.services.map(({ name }) => name)
      const [services, bounds] = await Promise.all([
        records.services(),
        ports.bounds().then(async (port) => port.boundsOf(cluster, names)),
      ])
      return Promise.all(
        services.map(async (service, index) => {
          const { targets } = await surveyTasks(ports, cluster, service, partOf(service.taskDefinition))
          const { name, desiredCount: desired } = service
          const own = bounds.get(name)
          return {
            name,
            service: options.services[index]?.service ?? name,
            desired,
            ...(own !== undefined && { bounds: own }),
            targets,
          }
        }),
      )
    },

    async resize(part, desired, bounds) {
      const no = (what: string, { message, code }: Refusal): RampartError =>
        new RampartError('preflight', `AWS refused to ${what} ${part}: ${message} (${code}).`)
      // First of all: AWS moves the count into bounds that it is not in, and would undo what comes before.
      const unbound = bounds && (await (await ports.bounds()).setBounds(cluster, part, bounds))
      if (unbound !== undefined) return no('move the bounds of', unbound)
      const refused = await ecs.resizeService(cluster, part, desired)
      return refused && no('scale', refused)
    },
  }
}
