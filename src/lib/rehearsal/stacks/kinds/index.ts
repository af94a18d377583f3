import type { Kind } from '../kind.js'
import { invalid, type Template } from '../template.js'
import { asgKinds } from './asg.js'
import { balancerKinds } from './balancer.js'
import { ecsKinds } from './ecs.js'
import { efsKinds } from './efs.js'
import { imageKinds } from './images.js'
import { monitoringKinds } from './monitoring.js'
import { networkKinds } from './network.js'
import { otherKinds } from './others.js'

const kinds: Readonly<Record<string, Kind>> = {
  ...networkKinds,
  ...imageKinds,
  ...balancerKinds,
  ...asgKinds,
  ...ecsKinds,
  ...efsKinds,
  ...monitoringKinds,
  ...otherKinds,
}

/** The kind of that type. @throws ServiceError ValidationError for one that this cloud does not know. */
export function kindOf(type: string): Kind {
  const kind = kinds[type]
  if (kind === undefined) throw invalid(`Template format error: Unrecognized resource types: [${type}]`)
  return kind
}

/** Refuses a template with types that this cloud does not know. @throws ServiceError ValidationError. */
export function checkTypes(template: Template): void {
  const types = new Set(Object.values(template.Resources).map(({ Type }) => Type))
  const strange = [...types].filter((type) => kinds[type] === undefined)
  if (strange.length > 0) throw invalid(`Template format error: Unrecognized resource types: [${strange.join(', ')}]`)
}
