/** What a team has made in AWS already, as the operations that only read tell it. All methods reject with RampartErrors. */
export interface EstateResource {
  readonly logicalId: string
  /** A name, an id or an ARN, as the type has it. */
  readonly physicalId: string
  /** E.g. `AWS::ECS::Service`. */
  readonly type: string
}

export interface EstateTargetGroup {
  readonly arn: string
  readonly name: string
  readonly port?: number
  /** Undefined when it asks by another protocol than HTTP. */
  readonly healthPath?: string
  readonly balancers: readonly string[]
}

export interface EstateListener {
  readonly protocol: string
  readonly port: number
  /** True when its default is to send callers elsewhere. */
  readonly redirects: boolean
  /** Names of hosts that its rules ask for, without patterns. */
  readonly hosts: readonly string[]
}

export interface EstateBalancer {
  readonly arn: string
  readonly name: string
  readonly dnsName: string
  /** False inside a VPC. */
  readonly isPublic: boolean
}

export interface EstateAlarm {
  readonly name: string
  /** Empty for a composite alarm. */
  readonly metric: string
  readonly state: string
}

export interface Estate {
  /** All resources of a stack and of the stacks in it; undefined when there is no such stack. */
  resources(stack: string): Promise<readonly EstateResource[] | undefined>
  /** The template as its author wrote it; undefined when there is no such stack. */
  template(stack: string): Promise<string | undefined>
  targetGroups(arns: readonly string[]): Promise<readonly EstateTargetGroup[]>
  balancers(arns: readonly string[]): Promise<readonly EstateBalancer[]>
  listeners(balancer: string): Promise<readonly EstateListener[]>
  /** Those of the named alarms that exist. */
  alarms(names: readonly string[]): Promise<readonly EstateAlarm[]>
}
