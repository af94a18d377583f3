import type { StackChange } from '../domain/infra.js'
import type { Refusal } from './auto-scaling.js'

/** A stack as CloudFormation has it. */
export interface Stack {
  readonly name: string
  readonly id: string
  /** CloudFormation's own word, e.g. `UPDATE_ROLLBACK_FAILED`. */
  readonly status: string
  readonly statusReason?: string
  readonly parameters: Readonly<Record<string, string>>
  readonly outputs: readonly { readonly key: string; readonly value: string; readonly description: string }[]
}

/** One line of a stack's history. */
export interface StackEvent {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly resource: string
  readonly physicalId: string
  readonly resourceType: string
  readonly status: string
  readonly reason?: string
}

/** What a stack is to become. */
export interface NewChangeSet {
  readonly stack: string
  readonly name: string
  /** `create` for a stack that is not there, or not yet more than a name. */
  readonly kind: 'create' | 'update'
  readonly body: string
  readonly parameters: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

export interface ChangeSet {
  /** `CREATE_COMPLETE` when it can be executed, `FAILED` when not. */
  readonly status: string
  readonly reason?: string
  /** True when it failed because there is nothing to change. */
  readonly isEmpty: boolean
  readonly changes: readonly StackChange[]
}

/** CloudFormation. All methods reject with RampartErrors. */
export interface Stacks {
  describe(stack: string): Promise<Stack | undefined>
  /** The template as it was given, as text. */
  template(stack: string): Promise<string | undefined>
  createChangeSet(request: NewChangeSet): Promise<Refusal | undefined>
  describeChangeSet(stack: string, name: string): Promise<ChangeSet | undefined>
  deleteChangeSet(stack: string, name: string): Promise<void>
  /** The same token twice is one execution. */
  executeChangeSet(stack: string, name: string, token: string): Promise<Refusal | undefined>
  /** Newer than the one with that id, all that there are without one; oldest first. `stack` may be an id. */
  events(stack: string, after?: string): Promise<readonly StackEvent[]>
  /** Goes on with a rollback that failed, without those resources. */
  continueRollback(stack: string, skip: readonly string[]): Promise<Refusal | undefined>
  deleteStack(stack: string, token: string): Promise<Refusal | undefined>
}
