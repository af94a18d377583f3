/** What a policy is narrowed to. */
export interface PolicyScope {
  readonly region: string
  /** Twelve digits; undefined when nobody could be asked, which leaves the account open. */
  readonly account: string | undefined
  /** What is rolled. */
  readonly fleet:
    /** `direct` where its instances are asked at their own addresses. */
    | { readonly kind: 'asg'; readonly group: string; readonly direct?: boolean }
    | { readonly kind: 'ecs'; readonly cluster: string; readonly services: readonly string[] }
  /** The group's launch template, when it could be read. */
  readonly launchTemplate: string | undefined
  /** Repositories of app images in the account's ECR; none when the registry is another one. */
  readonly repositories: readonly string[]
  /** Repositories of base images, which a deploy reads only and `base build` makes and fills. */
  readonly baseRepositories: readonly string[]
  readonly logGroup: string | undefined
  readonly alarms: boolean
  /** Secrets that `rampart secrets` looks after, by name; undefined where the configuration names none. */
  readonly secrets?: { readonly app: string; readonly names: readonly string[] }
  /** What its alarms and its dashboard are called; undefined where rampart keeps none. `topic` is one of its own. */
  readonly monitoring?: {
    readonly prefix: string
    readonly topic: string | undefined
    readonly rule: string
    readonly isStack: boolean
    readonly hasCache: boolean
  }
  /** The model cache of its stack, by the stack's name; `cluster` is where it is filled. */
  readonly cache?: {
    readonly app: string
    readonly environment: string
    readonly stack: string
    readonly cluster: string
    readonly logGroup: string
    /** Whether the task that fills it takes a token from a secret. */
    readonly hasToken: boolean
  }
  /** What keeps its releases and its lock in Parameter Store; undefined where nothing is kept. */
  readonly ledger: { readonly app: string; readonly environment: string } | undefined
  /** The stack of the environment; undefined where others have made what it stands on. */
  readonly infra?: PolicyStack
}

/** A stack that `rampart infra` keeps. */
export interface PolicyStack {
  readonly name: string
  /** The types of its resources, such as `AWS::EC2::VPC`. */
  readonly types: readonly string[]
  /** The hosted zone that gets its records, by its id. */
  readonly zone: string | undefined
}

/** One statement of a policy. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Condition
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

/** An IAM policy document: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

// https://docs.aws.amazon.com/general/latest/gr/rande.html
/** The AWS partition of a region, as ARNs name it. */
export function partition(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** The name of a service that takes a role, in the partition of that region. */
export const principal = (service: string, region: string): string =>
  `${service}.amazonaws.com${service === 'ec2' && region.startsWith('cn-') ? '.cn' : ''}`

/** A statement; its actions come out sorted. */
export function statement(
  Sid: string,
  actions: readonly string[],
  Resource: Statement['Resource'],
  Condition?: Condition,
): Statement {
  const Action = [...new Set(actions)].sort()
  return { Sid, Effect: 'Allow', Action, Resource, ...(Condition !== undefined && { Condition }) }
}

/** The ARN of something in the scope's account and region. */
export const arnOf = (
  { region, account = '*' }: Pick<PolicyScope, 'region' | 'account'>,
  service: string,
  resource: string,
): string => `arn:${partition(region)}:${service}:${region}:${account}:${resource}`

/** The ARN of something that is in no region. */
export const globalArn = (
  { region, account = '*' }: Pick<PolicyScope, 'region' | 'account'>,
  service: string,
  resource: string,
): string => `arn:${partition(region)}:${service}::${account}:${resource}`

/** The bound of what has no resource level. */
export const inRegion = ({ region }: Pick<PolicyScope, 'region'>): Condition => ({
  StringEquals: { 'aws:RequestedRegion': region },
})

/** Every action of a policy, each once, sorted. */
export function actionsOf(policy: PolicyDocument): readonly string[] {
  return [...new Set(policy.Statement.flatMap(({ Action }) => Action))].sort()
}
