import type { Tag } from '@aws-sdk/client-cloudformation'
import { ServiceError } from '../wire/service.js'
import type { WorldState } from '../world/state.js'
import type { Made, StackResource } from './stack.js'
import { isObject, word, type Json, type Properties } from './template.js'

/** Where a resource is made, and with what. */
export interface Place {
  readonly world: WorldState
  /** The stack's name, and its tags, which CloudFormation gives to what it makes. */
  readonly stack: string
  readonly tags: readonly Tag[]
  /** The logical id. */
  readonly id: string
  /** Whether a service of this cloud has that operation. */
  readonly has: (service: string, operation: string) => boolean
  /** Calls it, as CloudFormation itself does. @throws ServiceError. */
  readonly call: (service: string, operation: string, input: object) => unknown
}

/** A type of resource. What throws a ServiceError fails, with its message as the reason. */
export interface Kind {
  /** How long it takes to make one, and about as long to change or delete one. */
  readonly seconds: number
  /** Properties whose change makes it anew: "Update requires: Replacement" of the template reference. */
  readonly replacedBy: readonly string[]
  /** The property that names it; two of one name can not be. */
  readonly nameProperty?: string
  /** Attributes that an update changes. */
  readonly moving?: readonly string[]
  /** One of that name that is there already. */
  find?(place: Place, name: string): Made | undefined
  create(place: Place, properties: Properties): Made
  /** Its attributes after the change; those before when it gives none. */
  update?(place: Place, resource: StackResource, properties: Properties): Made | undefined
  remove?(place: Place, resource: StackResource): void
  /** Asked again and again after it was made or changed, until it is true. */
  settled?(place: Place, resource: StackResource): boolean
  /** Likewise after it was removed. */
  gone?(place: Place, resource: StackResource): boolean
}

export const text = (properties: Properties, name: string): string => {
  const value = properties[name]
  return value === undefined || value === null ? '' : word(value)
}

/** A number of a template, which may be written as text; undefined when it is left out. */
export const count = (properties: Properties, name: string): number | undefined => {
  const value = properties[name]
  return value === undefined || value === null ? undefined : Number(value)
}

export const map = (properties: Properties, name: string): Properties => {
  const value = properties[name]
  return isObject(value) ? value : {}
}

export const list = (properties: Properties, name: string): readonly Json[] => {
  const value = properties[name]
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** A name as CloudFormation makes them: stack, logical id, random letters. */
export function generatedName({ world, stack, id }: Place, most = 64): string {
  const random = Array.from({ length: 12 }, () => letters[Math.floor(world.random.next() * letters.length)]).join('')
  const room = most - random.length - 2
  const half = Math.floor(room / 2)
  const own = id.slice(0, Math.max(half, room - stack.length))
  return `${stack.slice(0, room - own.length)}-${own}-${random}`
}

/** The name that a property gives, or a generated one. */
export const named =
  (property: string) =>
  (place: Place, properties: Properties): string =>
    text(properties, property) || generatedName(place)

/** An ARN of this account. */
export const arnOf = ({ world: { setup } }: Place, service: string, rest: string, region = setup.region): string =>
  `arn:aws:${service}:${region}:${setup.accountId}:${rest}`

/** Words of an error as CloudFormation repeats them. */
export const reasonOf = (error: ServiceError): string =>
  `Resource handler returned message: "${error.message}" (HandlerErrorCode: ${handlerCode(error.code)})`

// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
const handlerCode = (code: string): string => {
  if (/AlreadyExists|Duplicate/.test(code)) return 'AlreadyExists'
  if (/NotFound/.test(code)) return 'NotFound'
  if (/NotStabilized/.test(code)) return 'NotStabilized'
  return /LimitExceeded/.test(code) ? 'ServiceLimitExceeded' : 'GeneralServiceException'
}

/** A resource that did not come to rest. */
export const notStabilized = (message: string): ServiceError => new ServiceError('NotStabilized', message)

/** The same with keys as the JSON services write them: `ContainerPort` is `containerPort`. */
export function camel(value: Json, isPlain: (key: string) => boolean = () => false): unknown {
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => camel(each, isPlain))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      // Maps that people write, as the options of a log driver, keep their keys.
      isPlain(key) ? inner : camel(inner, isPlain),
    ]),
  )
}

/** Tags of the stack, with those of the resource over them. */
export function tagsOf({ tags }: Place, properties: Properties): readonly { key: string; value: string }[] {
  const own = list(properties, 'Tags').flatMap((tag) =>
    isObject(tag) ? [{ key: text(tag, 'Key'), value: text(tag, 'Value') }] : [],
  )
  const names = new Set(own.map(({ key }) => key))
  const others = tags.filter(({ Key = '' }) => !names.has(Key))
  return [...others.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value })), ...own]
}
