/** The front door of the configuration: rampart.yml in, a frozen {@link Config} or all of its problems out. */
export { findConfig } from './find.js'
export { loadConfig, type LoadOptions } from './load.js'
export type { ConfigMemory } from './remember.js'
export { expandTag, formatDuration } from './scalars.js'
export type {
  BaseConfig,
  Config,
  EnvironmentConfig,
  HealthConfig,
  ModelConfig,
  Platform,
  RolloutConfig,
  ServiceConfig,
  TargetConfig,
} from './types.js'
