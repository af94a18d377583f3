import { evaluateAll, type Scope } from './evaluate.js'
import { orderOf } from './graph.js'
import { notStabilized, text, type Place } from './kind.js'
import { kindOf } from './kinds/index.js'
import { changedKeys, replaces } from './plan.js'
import type { ChangeSetRecord, Made, StackRecord, StackResource, Undo, Wanted } from './stack.js'
import { runSteps, type Step } from './steps.js'
import { deleteSteps, type Leftover } from './remove.js'
import { outputsOf, scopeOf, wantedIds, type Lookup } from './scope.js'
import { tell, turn } from './events.js'
import { invalid, type Properties } from './template.js'
import type { WorldState } from '../world/state.js'

/** The cloud around a stack. */
export interface Around extends Pick<Place, 'world' | 'has' | 'call'> {
  exports(): ReadonlyMap<string, string>
}

export const placeOf = (around: Around, stack: StackRecord, wanted: Wanted | undefined, id: string): Place => ({
  world: around.world,
  has: around.has,
  call: around.call,
  stack: stack.name,
  tags: wanted?.tags ?? [],
  id,
})

/** What the functions of what a stack is to be are worked out with. */
export const scopeFor = (around: Around, stack: StackRecord, wanted: Wanted, lookup: Lookup): Scope =>
  scopeOf(around.world.setup, stack, wanted, { lookup, exports: around.exports() })

/** Properties of a resource, worked out. */
export const propertiesOf = (
  around: Around,
  stack: StackRecord,
  wanted: Wanted,
  id: string,
  lookup: Lookup,
): Properties => evaluateAll(wanted.template.Resources[id]?.Properties, scopeFor(around, stack, wanted, lookup))

/** What is there already under a resource's own name. */
export function existingOf(place: Place, type: string, properties: Properties): Made | undefined {
  const kind = kindOf(type)
  const name = kind.nameProperty === undefined ? '' : text(properties, kind.nameProperty)
  return name === '' ? undefined : kind.find?.(place, name)
}

/** Types that carry what serves: where an update of a stack fails in the rehearsal's scenario. */
const fleets: ReadonlySet<string> = new Set(['AWS::AutoScaling::AutoScalingGroup', 'AWS::ECS::Service'])

const breaks = ({ switches }: WorldState, type: string): boolean =>
  switches.stackUpdates === 'stuck' && fleets.has(type)

/** Executes a change set: makes and changes resources, and goes back when one fails. */
export function execute(around: Around, stack: StackRecord, changeSet: ChangeSetRecord): void {
  const { world } = around
  const { wanted } = changeSet
  const previous = stack.wanted
  const isNew = changeSet.type === 'CREATE'
  stack.wanted = wanted
  turn(world, stack, isNew ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS', 'User Initiated')
  const lookup: Lookup = (id) => stack.resources.get(id)
  const ids = wantedIds(wanted.template, scopeFor(around, stack, wanted, lookup))
  const undo: Undo[] = []
  const imported = new Set<string>()
  const replaced: StackResource[] = []
  const order = orderOf(wanted.template)
  const steps = ids.map((id) =>
    forward(around, stack, {
      wanted,
      id,
      needs: order.get(id) ?? new Set(),
      imports: changeSet.imports,
      undo,
      imported,
      replaced,
    }),
  )
  runSteps(world, steps, 'cancel', (failed) => {
    const words = `The following resource(s) failed to ${isNew ? 'create' : 'update'}: [${failed.join(', ')}].`
    if (failed.length > 0 && isNew) {
      turn(world, stack, 'ROLLBACK_IN_PROGRESS', `${words} Rollback requested by user.`)
      const made = undo.flatMap(({ id }) => stack.resources.get(id) ?? [])
      const leftovers = made.map((resource): Leftover => ({ resource, keeps: imported.has(resource.id) }))
      clear(around, stack, leftovers, 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED')
      return
    }
    if (failed.length > 0) {
      turn(world, stack, 'UPDATE_ROLLBACK_IN_PROGRESS', words)
      stack.wanted = previous
      goBack(around, stack, undo, failed)
      return
    }
    stack.outputs = outputsOf(wanted.template, scopeFor(around, stack, wanted, lookup))
    if (isNew) {
      turn(world, stack, 'CREATE_COMPLETE')
      return
    }
    turn(world, stack, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')
    const removed = [...stack.resources.values()].filter(({ id }) => !ids.includes(id))
    const leftovers = [
      ...replaced.map((resource): Leftover => ({ resource, keeps: resource.keepsWhenReplaced })),
      ...removed.map((resource): Leftover => ({ resource, keeps: resource.keepsWhenDeleted })),
    ]
    // What can not be deleted here is left: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    clear(around, stack, leftovers, 'UPDATE_COMPLETE', 'UPDATE_COMPLETE')
  })
}

/** Deletes what is left over, and gives the stack its last status. */
function clear(
  around: Around,
  stack: StackRecord,
  leftovers: readonly Leftover[],
  status: string,
  failedStatus: string,
): void {
  const steps = deleteSteps(around, stack, leftovers)
  runSteps(around.world, steps, 'goOn', (failed) => {
    if (failed.length === 0) turn(around.world, stack, status)
    else {
      const reason = `The following resource(s) failed to delete: [${failed.join(', ')}].`
      turn(around.world, stack, failedStatus, reason)
    }
  })
}

interface Forward {
  readonly wanted: Wanted
  readonly id: string
  readonly needs: ReadonlySet<string>
  readonly imports: boolean
  readonly undo: Undo[]
  readonly imported: Set<string>
  readonly replaced: StackResource[]
}

function forward(around: Around, stack: StackRecord, what: Forward): Step {
  const { world } = around
  const { wanted, id, needs, undo } = what
  const resource = wanted.template.Resources[id]
  if (resource === undefined) throw invalid(`Template error: there is no resource ${id}`)
  const { Type: type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete' } = resource
  const kind = kindOf(type)
  const place = placeOf(around, stack, wanted, id)
  let verb: 'CREATE' | 'UPDATE' | 'IMPORT' = 'CREATE'
  const say = (status: string, reason?: string): void =>
    tell(world, stack, {
      resource: id,
      physicalId: stack.resources.get(id)?.physicalId ?? '',
      type,
      status,
      ...(reason !== undefined && { reason }),
    })
  const keep = (made: Made, properties: Properties): void =>
    void stack.resources.set(id, {
      ...made,
      id,
      type,
      properties,
      needs,
      keepsWhenDeleted: DeletionPolicy.startsWith('Retain'),
      keepsWhenReplaced: UpdateReplacePolicy.startsWith('Retain'),
    })
  const make = (properties: Properties): number => {
    const found = existingOf(place, type, properties)
    if (found !== undefined && what.imports && DeletionPolicy.startsWith('Retain')) {
      verb = 'IMPORT'
      what.imported.add(id)
      undo.push({ id, before: undefined })
      keep(found, properties)
      say('IMPORT_IN_PROGRESS', 'Resource import started.')
      kind.update?.(
        place,
        { ...found, id, type, properties, needs, keepsWhenDeleted: true, keepsWhenReplaced: true },
        properties,
      )
      return 2
    }
    say('CREATE_IN_PROGRESS')
    if (found !== undefined) throw alreadyExists(type, found.physicalId)
    const made = kind.create(place, properties)
    undo.push({ id, before: undefined })
    keep(made, properties)
    say('CREATE_IN_PROGRESS', 'Resource creation Initiated')
    return kind.seconds
  }
  return {
    id,
    after: needs,
    begin() {
      const before = stack.resources.get(id)
      const properties = propertiesOf(around, stack, wanted, id, (other) => stack.resources.get(other))
      if (before === undefined) return make(properties)
      const keys = changedKeys(before.properties, properties)
      if (keys.length === 0) {
        keep(before, properties)
        return undefined
      }
      verb = 'UPDATE'
      undo.push({ id, before })
      if (replaces(type, keys)) {
        const { nameProperty = '' } = kind
        if (text(properties, nameProperty) !== '' && !keys.includes(nameProperty)) {
          say('UPDATE_IN_PROGRESS')
          throw invalid(
            `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${before.physicalId} and update the stack again.`,
          )
        }
        say(
          'UPDATE_IN_PROGRESS',
          'Requested update requires the creation of a new physical resource; hence creating one.',
        )
        keep(kind.create(place, properties), properties)
        what.replaced.push(before)
        say('UPDATE_IN_PROGRESS', 'Resource creation Initiated')
        return kind.seconds
      }
      say('UPDATE_IN_PROGRESS')
      keep(kind.update?.(place, before, properties) ?? before, properties)
      return kind.seconds
    },
    settled() {
      const now = stack.resources.get(id)
      if (verb === 'UPDATE' && breaks(world, type)) {
        throw notStabilized(`Resource of type '${type}' with identifier '${now?.physicalId}' did not stabilize.`)
      }
      return now === undefined || verb === 'IMPORT' || (kind.settled?.(place, now) ?? true)
    },
    end: () => say(`${verb}_COMPLETE`, verb === 'IMPORT' ? 'Resource import completed.' : undefined),
    fail: (reason) => say(`${verb}_FAILED`, reason),
  }
}

const alreadyExists = (type: string, name: string) =>
  invalid(`Resource of type '${type}' with identifier '${name}' already exists.`)

/** Takes resources back to what they were before an update; `broken` are those that failed on the way forward. */
export function goBack(
  around: Around,
  stack: StackRecord,
  undo: readonly Undo[],
  broken: readonly string[],
  skipped: readonly string[] = [],
): void {
  const { world } = around
  const left = new Map(undo.map((one) => [one.id, one]))
  const changed = undo.flatMap(({ id, before }) => (before === undefined ? [] : [{ id, before }]))
  const created: Leftover[] = []
  const steps = changed.map(({ id, before }): Step => {
    const { type } = before
    const kind = kindOf(type)
    const place = placeOf(around, stack, stack.wanted, id)
    const say = (status: string, reason?: string): void =>
      tell(world, stack, {
        resource: id,
        physicalId: before.physicalId,
        type,
        status,
        ...(reason !== undefined && { reason }),
      })
    return {
      id,
      after: before.needs,
      begin() {
        const now = stack.resources.get(id)
        if (skipped.includes(id) || now === undefined) {
          stack.resources.set(id, before)
          say('UPDATE_COMPLETE', 'Resource was skipped.')
          left.delete(id)
          return undefined
        }
        say('UPDATE_IN_PROGRESS')
        if (now.physicalId === before.physicalId) {
          const made = kind.update?.(place, now, before.properties)
          stack.resources.set(id, { ...before, ...made })
        } else {
          stack.resources.set(id, before)
          created.push({ resource: now, keeps: false })
        }
        return kind.seconds
      },
      settled() {
        if (broken.includes(id) && breaks(world, type)) {
          throw notStabilized(`Resource of type '${type}' with identifier '${before.physicalId}' did not stabilize.`)
        }
        const now = stack.resources.get(id)
        return now === undefined || (kind.settled?.(place, now) ?? true)
      },
      end() {
        left.delete(id)
        say('UPDATE_COMPLETE')
      },
      fail: (reason) => say('UPDATE_FAILED', reason),
    }
  })
  runSteps(world, steps, 'cancel', (failed) => {
    if (failed.length > 0) {
      stack.unfinished = [...left.values()]
      turn(
        world,
        stack,
        'UPDATE_ROLLBACK_FAILED',
        `The following resource(s) failed to update: [${failed.join(', ')}].`,
      )
      return
    }
    stack.unfinished = []
    for (const { id, before } of undo) {
      const now = stack.resources.get(id)
      if (before === undefined && now !== undefined) created.push({ resource: now, keeps: false })
    }
    turn(world, stack, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')
    clear(around, stack, created, 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE')
  })
}
