import type { NoticeName } from '../domain/hook.js'
import type { InfraPlan } from '../domain/infra.js'
import type { SecretPlan } from '../domain/secret.js'
import type { MonitoringPlan } from '../domain/monitoring.js'
import type { LinePattern } from '../domain/line-pattern.js'
import type { ProofGrade } from '../domain/outcome.js'
import type { ComparePlan, CriterionPlan, EndpointPlan, HttpsPlan, LoadPlan } from '../domain/verify-plan.js'

/** What a service is built from. Paths are absolute unless they say otherwise. */
export interface ModelConfig {
  /** Hugging Face id, e.g. `protectai/deberta-v3-base-prompt-injection-v2`. */
  readonly id: string
  /** The full commit hash, 40 hexadecimal digits. */
  readonly revision: string
  /** Patterns of the files that are needed; undefined for the usual ones. */
  readonly files?: readonly string[]
  /** The branch or tag by whose name the application loads it. */
  readonly ref?: string
  /** Whether Dockerfile.base or rampart puts it into the base. */
  readonly provide: 'dockerfile' | 'rampart'
}

export type Platform = 'linux/amd64' | 'linux/arm64'

/** The image with dependencies and models that a service's app image stands on. */
export interface BaseConfig {
  readonly dockerfile: string
  /** Without a registry host. */
  readonly repository: string
  readonly tag: string
  /** Files beside the Dockerfile that the base is made of, relative to the service's context, `/` between parts. */
  readonly inputs: readonly string[]
  readonly models: readonly ModelConfig[]
  readonly platform: Platform
  readonly args: Readonly<Record<string, string>>
  /** Further tags of a new base, beside `tag` and its fingerprint. */
  readonly tags: readonly string[]
  /** Commands for `sh -c` that must succeed in a new base before it is pushed. */
  readonly prove: readonly string[]
  /** Milliseconds; undefined for any age. */
  readonly maxAge?: number
}

interface HealthConfig {
  readonly live: string
  readonly ready: string
  readonly port: number
}

export interface ServiceConfig {
  readonly name: string
  readonly context: string
  readonly dockerfile: string
  /** Undefined when the service stands on an image that rampart does not build. */
  readonly base?: BaseConfig
  /** Without a registry host. */
  readonly repository: string
  /** As written, placeholders included; see {@link expandTag}. */
  readonly tags: readonly string[]
  /** Most bytes that the app layer may have as it is stored. */
  readonly budget: number
  readonly health?: HealthConfig
  readonly args: Readonly<Record<string, string>>
  readonly compression: 'gzip' | 'zstd'
  readonly platform: Platform
}

/** An EC2 Auto Scaling group. */
export interface AsgTargetConfig {
  readonly kind: 'asg'
  /** The Auto Scaling group's exact name. */
  readonly group: string
}

/** The services of an ECS cluster. */
export interface EcsTargetConfig {
  readonly kind: 'ecs'
  readonly cluster: string
  /** One for each service of the app, in the order in which they are moved. */
  readonly services: readonly {
    /** As the app names it. */
    readonly name: string
    /** The ECS service. */
    readonly service: string
    readonly container?: string
  }[]
}

export type TargetConfig = AsgTargetConfig | EcsTargetConfig

/** How a fleet is moved. Durations are milliseconds (whole seconds). */
export interface RolloutConfig {
  readonly minHealthy: number
  readonly maxHealthy: number
  /** Undefined: the group's own default. `auto`: measured on the last rollout that went well. */
  readonly warmup?: number | 'auto'
  readonly bake: number
  readonly checkpoints?: { readonly at: readonly number[]; readonly delay: number }
  /** Only for ecs, as the next two. */
  readonly circuitBreaker?: {
    readonly type: 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT' | 'COUNT'
    readonly threshold: number
    readonly resetOnHealthyTask: boolean
  }
  readonly earlySuccess?: { readonly healthyPercent: number; readonly cleanup: 'BLOCKING' | 'DEFERRED' }
  readonly strategy?:
    | { readonly kind: 'ROLLING' | 'BLUE_GREEN' }
    /** Of the traffic, and milliseconds (whole minutes). */
    | { readonly kind: 'CANARY' | 'LINEAR'; readonly percent: number; readonly bake: number }
  readonly alarms: readonly string[]
  readonly timeout: number | 'auto'
  /** New targets that may fail to start before the rollout is given up. */
  readonly maxFailedStarts: number
}

/** Where users reach an environment. */
export interface ServesConfig {
  readonly url: string
  /** The name of the load balancer that it leads to. */
  readonly leadsTo?: string
  /** Whether load may be sent there without asking. */
  readonly load: 'ask' | 'allow'
}

/** What `verify` looks at, wherever the app is. */
export interface VerifyConfig {
  readonly https?: HttpsPlan
  readonly endpoints: readonly EndpointPlan[]
  readonly loads: readonly LoadPlan[]
  /** Undefined where nothing is compared with what served before. */
  readonly compare?: ComparePlan
  /** What the team has agreed on, in the order in which it is shown. */
  readonly criteria: readonly CriterionPlan[]
  /** How targets are asked themselves, each alone. */
  readonly targets?: {
    readonly ask: 'auto' | 'direct' | 'off'
    /** The name of the endpoint that they are asked, and of the service that answers it. */
    readonly endpoint?: string
    readonly service?: string
    /** The weakest grade that is a proof. */
    readonly grade: ProofGrade
    /** Milliseconds of one answer, and for how long targets that are not well are asked again. */
    readonly timeout: number
    readonly retry: number
  }
  /** What becomes of what is found in the targets' logs. */
  readonly logs?: {
    readonly downloads: 'fail' | 'warn' | 'off'
    readonly secrets: 'fail' | 'warn' | 'off'
    readonly personalData: 'fail' | 'warn' | 'off'
  }
}

export interface EnvironmentConfig {
  readonly name: string
  readonly region: string
  /** Host and port of the registry; undefined for the account's own ECR in the region. */
  readonly registry?: string
  readonly target: TargetConfig
  readonly rollout: RolloutConfig
  readonly logs?: {
    readonly group: string
    /** Lines of the app's own, and what they mean. */
    readonly patterns?: readonly LinePattern[]
  }
  /** Undefined when others make what it runs on. */
  readonly infra?: InfraPlan
  /** What the services take from Secrets Manager, by `infra` and by `secrets`. */
  readonly secrets: SecretPlan
  /** Undefined when nothing of ours watches it. */
  readonly monitoring?: MonitoringPlan
  readonly release: {
    /** False when neither releases nor a lock are kept. */
    readonly ledger: boolean
    /** Templates of the tags that a named release gives to its images. */
    readonly tags: readonly string[]
  }
  readonly serves?: ServesConfig
  /** Who is told how runs end; those whose address is empty are left out. */
  readonly notify: readonly NoticeConfig[]
}

export interface NoticeConfig {
  /** The address that notices are posted to: a secret. */
  readonly webhook: string
  readonly format: 'slack' | 'json'
  readonly on: readonly NoticeName[]
}

/** rampart.yml, checked and resolved for one environment; frozen to its last part. */
export interface Config {
  /** The file's absolute path, and the directory that its relative paths start from. */
  readonly path: string
  readonly directory: string
  readonly app: string
  /** In the order of the file; at least one. */
  readonly services: readonly ServiceConfig[]
  readonly environment: EnvironmentConfig
  readonly verify?: VerifyConfig
  /** An absolute path: the table of prices to plan with instead of the one that rampart brings. */
  readonly prices?: string
  /** The names of all environments, in the order of the file. */
  readonly environments: readonly string[]
  /** Milliseconds that one hook may take. */
  readonly hooks: { readonly timeout: number }
  /** The values that `${NAME}` took from the environment or from .env: possible secrets, to be masked in output. */
  readonly interpolated: ReadonlySet<string>
}
