/** The front door of the configuration: rampart.yml in, a frozen {@link Config} or all of its problems out. */
export { findConfig } from './find.js'
export { loadConfig } from './load.js'
export type { ConfigMemory } from './remember.js'
export { expandTag, parseDuration } from './scalars.js'
export type { Config, ServiceConfig } from './types.js'
