import type { Parameters } from '../../src/lib/ports/parameters.js'
import { createSsm } from '../../src/lib/rehearsal/services/ssm.js'
import { awsAt } from '../aws/support.js'
import { serve } from '../rehearsal/wire/cloud.js'
import { ManualClock } from '../support/manual-clock.js'

export const place = { app: 'rampart-ai', environment: 'production' } as const

/** Parameter Store on a wire, on a clock that tests move. */
export async function parameterStore(): Promise<{ readonly parameters: Parameters; readonly clock: ManualClock }> {
  const clock = new ManualClock()
  const server = await serve({ services: [createSsm()], now: () => clock.now() })
  return { parameters: awsAt(server.url).parameters, clock }
}
