import { isDeepStrictEqual } from 'node:util'
import type { Change, ResourceChange } from '@aws-sdk/client-cloudformation'
import { orderOf } from './graph.js'
import { kindOf } from './kinds/index.js'
import type { Made, StackRecord, Wanted } from './stack.js'
import type { Properties } from './template.js'

/** The properties that differ. */
export const changedKeys = (before: Properties, after: Properties): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .sort()

/** Whether a change of these properties makes the resource anew. */
export const replaces = (type: string, keys: readonly string[]): boolean =>
  keys.some((key) => kindOf(type).replacedBy.includes(key))

/** What is not known before it is made: unlike anything that is there. */
const unknown = (id: string, name: string): string => `{{${id}.${name} after this change}}`

/** A resource that is still to be made: whatever is asked of it is unknown. */
const future = (id: string): Made => ({
  physicalId: unknown(id, 'Ref'),
  attributes: new Proxy<Record<string, string>>({}, { get: (_, name) => unknown(id, String(name)) }),
})

/** One that changes in place: only what moves with an update is unknown. */
const moved = (id: string, { physicalId, attributes }: Made, moving: readonly string[]): Made => ({
  physicalId,
  attributes: { ...attributes, ...Object.fromEntries(moving.map((name) => [name, unknown(id, name)])) },
})

export interface PlanOptions {
  readonly stack: StackRecord
  readonly wanted: Wanted
  /** Those whose conditions hold. */
  readonly ids: readonly string[]
  /** Works out a resource's properties, with what that lookup gives for others. */
  readonly properties: (id: string, lookup: (id: string) => Made | undefined) => Properties
  /** What a resource of that name is already, where it may be taken over. */
  readonly existing: (id: string, properties: Properties) => Made | undefined
}

/** What a change set would do, in the order in which it would. Without making anything. */
export function planChanges({ stack, wanted, ids, properties, existing }: PlanOptions): readonly Change[] {
  const known = new Map<string, Made>()
  const changes: ResourceChange[] = []
  for (const id of orderOf(wanted.template).keys()) {
    const resource = wanted.template.Resources[id]
    if (resource === undefined || !ids.includes(id)) continue
    const { Type: type } = resource
    const now = properties(id, (other) => known.get(other))
    const before = stack.resources.get(id)
    if (before === undefined || before.type !== type) {
      const found = existing(id, now)
      known.set(id, found ?? future(id))
      changes.push({ ...described(id, type, found), Action: found === undefined ? 'Add' : 'Import' })
      continue
    }
    const keys = changedKeys(before.properties, now)
    if (keys.length === 0) {
      known.set(id, before)
      continue
    }
    const isReplaced = replaces(type, keys)
    known.set(id, isReplaced ? future(id) : moved(id, before, kindOf(type).moving ?? []))
    changes.push({
      ...described(id, type, before),
      Action: 'Modify',
      Replacement: isReplaced ? 'True' : 'False',
      Scope: ['Properties'],
      Details: keys.map((name) => ({
        Target: {
          Attribute: 'Properties',
          Name: name,
          RequiresRecreation: kindOf(type).replacedBy.includes(name) ? 'Always' : 'Never',
        },
        Evaluation: 'Static',
        ChangeSource: 'DirectModification',
      })),
      ...(isReplaced && { PolicyAction: before.keepsWhenReplaced ? 'ReplaceAndRetain' : 'ReplaceAndDelete' }),
    })
  }
  for (const [id, resource] of stack.resources) {
    if (ids.includes(id)) continue
    changes.push({
      ...described(id, resource.type, resource),
      Action: 'Remove',
      PolicyAction: resource.keepsWhenDeleted ? 'Retain' : 'Delete',
    })
  }
  return changes.map((ResourceChange): Change => ({ Type: 'Resource', ResourceChange }))
}

const described = (id: string, type: string, found: Made | undefined): ResourceChange => ({
  LogicalResourceId: id,
  ResourceType: type,
  Scope: [],
  Details: [],
  ...(found !== undefined && { PhysicalResourceId: found.physicalId }),
})

/** Checks that all functions can be worked out, before anything is made: all is as if it were still to be made. */
export function tryOut({ wanted, ids, properties }: Pick<PlanOptions, 'wanted' | 'ids' | 'properties'>): void {
  for (const id of orderOf(wanted.template).keys()) if (ids.includes(id)) properties(id, future)
}
