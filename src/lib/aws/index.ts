import { createAccount } from './account.js'
import { createAlarms } from './alarms.js'
import { createAutoScaling } from './auto-scaling.js'
import { createLaunchTemplates } from './launch-templates.js'
import { createLoadBalancing } from './load-balancing.js'
import { createLogSource } from './logs.js'
import type { ClientOptions } from './options.js'
import { createParameters } from './parameters.js'

/** All ports on AWS of one region, each with a client of its own. Nothing is asked before a port is used. */
export function createAws(options: ClientOptions): {
  readonly account: ReturnType<typeof createAccount>
  readonly alarms: ReturnType<typeof createAlarms>
  readonly autoScaling: ReturnType<typeof createAutoScaling>
  readonly launchTemplates: ReturnType<typeof createLaunchTemplates>
  readonly loadBalancing: ReturnType<typeof createLoadBalancing>
  readonly logs: ReturnType<typeof createLogSource>
  readonly parameters: ReturnType<typeof createParameters>
} {
  return {
    account: createAccount(options),
    alarms: createAlarms(options),
    autoScaling: createAutoScaling(options),
    launchTemplates: createLaunchTemplates(options),
    loadBalancing: createLoadBalancing(options),
    logs: createLogSource(options),
    parameters: createParameters(options),
  }
}
