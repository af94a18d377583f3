/** The infrastructure of an environment as rampart.yml describes it. Durations are milliseconds, as everywhere. */

/** Where a service finds a secret at run time; never its value. */
export interface SecretSource {
  /** The variable that the container gets. */
  readonly variable: string
  /** An ARN of Secrets Manager, or the name of a secret in this account and region. */
  readonly secret: string
  /** The key in the secret's JSON; the whole secret when left out. */
  readonly key?: string
}

/** One service of the app as its stack runs it. */
export interface InfraService {
  readonly name: string
  /** Without a registry host. */
  readonly repository: string
  readonly platform: 'linux/amd64' | 'linux/arm64'
  readonly port: number
  /** Answers 200 only when the service can serve. */
  readonly ready: string
  /** Path patterns that lead to it; none for the one service that takes all the rest. */
  readonly paths: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly secrets: readonly SecretSource[]
}

/** A service on Fargate. `cpu` is 1024ths of a processor, `memory` MiB. */
export interface FargateService extends InfraService {
  /** The ECS service's exact name. */
  readonly service: string
  readonly container: string
  readonly cpu: number
  readonly memory: number
  readonly min: number
  readonly max: number
  /** Percent of its processors that scaling aims at. */
  readonly cpuTarget: number
}

/** An own VPC, made by the stack. */
interface OwnNetwork {
  readonly kind: 'own'
  readonly cidr: string
  readonly zones: number
  /** How what runs in private subnets reaches AWS and the world. */
  readonly egress: 'nat' | 'nat-per-zone' | 'endpoints'
}

/** A VPC that is there already; two subnets or more of each kind, in different zones. */
interface GivenNetwork {
  readonly kind: 'given'
  readonly vpc: string
  readonly publicSubnets: readonly string[]
  readonly privateSubnets: readonly string[]
}

/** A repository of ECR that the stack makes. */
export interface InfraRepository {
  readonly name: string
  /** Tags that may move from one image to another; at most five, `*` allowed. */
  readonly movingTags: readonly string[]
}

/** What both kinds of infrastructure have. */
interface Infra {
  readonly app: string
  readonly environment: string
  /** The stack's name. */
  readonly stack: string
  readonly https: {
    /** The ARN of a certificate; left out, the stack makes one for the domain. */
    readonly certificate?: string
    readonly domain?: string
    /** The id of the hosted zone that gets the domain's records. */
    readonly zone?: string
  }
  readonly network: OwnNetwork | GivenNetwork
  /** Ports on which containers may reach the world. */
  readonly outbound: readonly number[]
  /** None when others make the repositories. */
  readonly repositories: readonly InfraRepository[]
  /** How many images each repository keeps. */
  readonly keepImages: number
  readonly logGroup: string
  readonly logDays: number
  readonly modelCache?: {
    readonly path: string
    readonly throughput: 'elastic' | 'bursting'
    /** Where the task that fills it takes the hub's token from, for models that ask for one. */
    readonly token?: SecretSource
  }
  /** The ARN of the KMS key that the secrets are encrypted with, when it is not AWS's own. */
  readonly secretsKey?: string
  readonly alarms: {
    /** Who is told: an SNS topic that is there, or an address that a new one writes to; nobody when both are left out. */
    readonly topic?: string
    readonly email?: string
    /** Percent of requests that may fail before the alarm rings. */
    readonly errors: number
    /** The 95th percentile of the response time. */
    readonly latency: number
  }
}

/** The folder of the hub's cache on the file system, for containers that mount it at this path: none when the path is one. */
export const cacheFolder = (path: string): '' | '/hub' => (path.endsWith('/hub') ? '' : '/hub')

/**
 * What tells a container of a service where the model cache is; nothing where the service says it itself.
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function cacheVariables(
  { modelCache }: Pick<InfraPlan, 'modelCache'>,
  { env }: Pick<InfraService, 'env'>,
): Readonly<Record<string, string>> {
  const own = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME'].some((name) => env[name] !== undefined)
  return modelCache === undefined || own ? {} : { HF_HUB_CACHE: modelCache.path + cacheFolder(modelCache.path) }
}

/** Who takes the hub's token, among the services that take secrets; no service can be called so. */
export const cacheReader = 'model cache'

/** The family of the task definition that fills a stack's model cache. */
export const cacheFamily = ({ stack }: Pick<InfraPlan, 'stack'>): string => `${stack}-cache`

/** An Auto Scaling group behind a load balancer. */
export interface AsgInfra extends Infra {
  readonly kind: 'asg'
  /** The group's exact name. */
  readonly group: string
  readonly services: readonly InfraService[]
  readonly instanceType: string
  /** GiB. */
  readonly volume: number
  readonly min: number
  readonly max: number
  /** From in service until an instance counts. */
  readonly warmup: number
  /** How long an instance may take from launch until all its services are ready. */
  readonly startTimeout: number
  readonly warmPool?: { readonly min: number; readonly state: 'Stopped' | 'Running' }
}

/** Fargate services behind a load balancer. */
export interface EcsInfra extends Infra {
  readonly kind: 'ecs'
  readonly cluster: string
  readonly services: readonly FargateService[]
}

/** What `rampart infra` makes of an environment. */
export type InfraPlan = AsgInfra | EcsInfra

/** One change of a resource that a change set would make, in CloudFormation's own words. */
export interface StackChange {
  /** `Add`, `Modify`, `Remove`, `Import`, `Dynamic`. */
  readonly action: string
  /** The logical id. */
  readonly resource: string
  readonly resourceType: string
  /** Whether the resource is made anew; `maybe` when CloudFormation knows only while it does it. */
  readonly replacement: 'no' | 'maybe' | 'yes'
  /** The properties that change. */
  readonly properties: readonly string[]
  /** What becomes of the old resource: `Delete`, `Retain`, …; where CloudFormation tells. */
  readonly policy?: string
}
