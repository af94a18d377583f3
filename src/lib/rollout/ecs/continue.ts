import { RampartError } from '../../errors/rampart-error.js'
import type { Ecs } from '../../ports/ecs.js'
import { isActive } from './deployments.js'
import type { EcsRecords } from './records.js'
import { pausesOf } from './say.js'

/** Lets every deployment go on that waits at a PAUSE hook; how many there were. A refusal is an error. */
export async function continuePaused(ecs: Ecs, records: EcsRecords): Promise<number> {
  const active = (await records.deployments()).filter((one) => isActive(one.deployment.status))
  const deployments = await ecs.describeServiceDeployments(active.map((one) => one.deployment.arn))
  const paused = deployments.flatMap((one) => pausesOf(one).map((hook) => ({ arn: one.arn, id: hook.id })))
  for (const { arn, id } of paused) {
    // oxlint-disable-next-line no-await-in-loop -- a service has one, seldom two
    const refused = await ecs.continueServiceDeployment(arn, id)
    if (refused !== undefined) {
      throw new RampartError('preflight', `AWS refused to continue: ${refused.message} (${refused.code}).`)
    }
  }
  return paused.length
}
