import type { WorldState } from '../world/state.js'
import type { Around } from './change.js'
import type { StackRecord } from './stack.js'
import { invalid } from './template.js'

/** All stacks of an account and region. */
export interface StackStore extends Around {
  /** Newest first, those that are deleted too. */
  all(): readonly StackRecord[]
  /** Those that are not deleted, newest first. */
  live(): readonly StackRecord[]
  /** By the name of a live one, or by the ARN of any. */
  find(name: string): StackRecord | undefined
  /** The same. @throws ServiceError ValidationError when there is none. */
  require(name: string): StackRecord
  /** A new one that is no more than a name. */
  add(name: string): StackRecord
  /** Forgets one that never held anything. */
  drop(stack: StackRecord): void
}

/** No stacks. */
export function createStackStore(world: WorldState, api: Pick<Around, 'has' | 'call'>): StackStore {
  const stacks: StackRecord[] = []
  const live = (): readonly StackRecord[] => stacks.filter(({ status }) => status !== 'DELETE_COMPLETE')
  const find = (name: string): StackRecord | undefined =>
    name.startsWith('arn:') ? stacks.find(({ arn }) => arn === name) : live().find((stack) => stack.name === name)
  return {
    world,
    ...api,
    all: () => stacks,
    live,
    find,
    require(name) {
      const found = find(name)
      if (found === undefined) throw invalid(`Stack with id ${name} does not exist`)
      return found
    },
    add(name) {
      const { region, accountId } = world.setup
      const stack: StackRecord = {
        name,
        arn: `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/${world.random.uuid()}`,
        createdAt: world.now,
        updatedAt: undefined,
        deletedAt: undefined,
        status: 'REVIEW_IN_PROGRESS',
        reason: undefined,
        wanted: undefined,
        resources: new Map(),
        states: new Map(),
        outputs: [],
        events: [],
        changeSets: new Map(),
        unfinished: [],
        token: undefined,
      }
      stacks.unshift(stack)
      return stack
    },
    drop(stack) {
      stacks.splice(stacks.indexOf(stack), 1)
    },
    exports: () =>
      new Map(
        live().flatMap(({ outputs }) =>
          outputs.flatMap(({ exportName, value }) => (exportName === undefined ? [] : [[exportName, value] as const])),
        ),
      ),
  }
}
