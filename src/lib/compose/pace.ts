import type { ClientOptions } from '../aws/options.js'
import { paceFrom } from '../system/clock.js'

/** What clients of AWS are told of the clock that RAMPART_CLOCK asks for, so that they wait between attempts by it. */
export function cloudPace(): Pick<ClientOptions, 'pace'> {
  const pace = paceFrom(process.env['RAMPART_CLOCK'])
  return pace === undefined ? {} : { pace }
}
