import type { Change, Tag } from '@aws-sdk/client-cloudformation'
import type { Properties, Template } from './template.js'

/** What a resource of a stack is in the world. */
export interface Made {
  readonly physicalId: string
  /** What `Fn::GetAtt` gives. */
  readonly attributes: Readonly<Record<string, string>>
}

/** A resource of a stack, as it is now. */
export interface StackResource extends Made {
  readonly id: string
  readonly type: string
  /** All functions worked out. */
  readonly properties: Properties
  /** From where it can be told what becomes of it when the stack does not want it any more. */
  readonly keepsWhenDeleted: boolean
  readonly keepsWhenReplaced: boolean
  readonly needs: ReadonlySet<string>
}

export interface StackEventRecord {
  readonly id: string
  readonly at: number
  readonly resource: string
  readonly physicalId: string
  readonly type: string
  readonly status: string
  readonly reason: string | undefined
  readonly token: string | undefined
}

export interface ChangeSetRecord {
  readonly name: string
  readonly arn: string
  readonly type: 'CREATE' | 'UPDATE'
  readonly createdAt: number
  readonly description: string | undefined
  readonly wanted: Wanted
  readonly imports: boolean
  status: 'CREATE_PENDING' | 'CREATE_IN_PROGRESS' | 'CREATE_COMPLETE' | 'FAILED'
  reason: string | undefined
  execution: 'UNAVAILABLE' | 'AVAILABLE' | 'EXECUTE_IN_PROGRESS'
  changes: readonly Change[]
}

/** What a stack is to be, or is. */
export interface Wanted {
  readonly body: string
  readonly template: Template
  readonly parameters: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  readonly capabilities: readonly string[]
}

/** A stack. All times are virtual milliseconds since 1970. */
export interface StackRecord {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  updatedAt: number | undefined
  deletedAt: number | undefined
  status: string
  reason: string | undefined
  /** What it is made of; undefined while it is no more than a name. */
  wanted: Wanted | undefined
  readonly resources: Map<string, StackResource>
  /** The newest status of each resource, by logical id. */
  readonly states: Map<string, StackEventRecord>
  outputs: readonly Output[]
  /** Newest last. */
  readonly events: StackEventRecord[]
  readonly changeSets: Map<string, ChangeSetRecord>
  /** What a rollback that failed still has to do. */
  unfinished: readonly Undo[]
  /** The token of the newest change, which its events carry. */
  token: string | undefined
}

export interface Output {
  readonly key: string
  readonly value: string
  readonly description: string | undefined
  readonly exportName: string | undefined
}

/** What takes one resource back to what it was before an update; `before` is undefined when there was none. */
export interface Undo {
  readonly id: string
  readonly before: StackResource | undefined
}
