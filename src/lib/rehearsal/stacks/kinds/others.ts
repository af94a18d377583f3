import type { IamStatement } from '../../world/iam.js'
import { arnOf, list, map, named, text, type Kind, type Place } from '../kind.js'
import { isObject, word, type Json, type Properties } from '../template.js'
import { remembered } from './network.js'

const texts = (value: Json | undefined): readonly string[] =>
  value === undefined || value === null ? [] : (Array.isArray(value) ? (value as readonly Json[]) : [value]).map(word)

const statementOf = (from: Json): IamStatement[] => {
  if (!isObject(from)) return []
  const conditions = Object.entries(map(from, 'Condition')).map(([operator, keys]) => [
    operator,
    isObject(keys) ? Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, texts(value)])) : {},
  ])
  return [
    {
      effect: text(from, 'Effect') === 'Deny' ? 'Deny' : 'Allow',
      actions: texts(from['Action']),
      resources: texts(from['Resource']),
      conditions: Object.fromEntries(conditions) as IamStatement['conditions'],
    },
  ]
}

/** What the policies in a role allow and deny. Those of AWS that it names are not looked into. */
const statementsOf = (properties: Properties): readonly IamStatement[] =>
  list(properties, 'Policies').flatMap((one) =>
    isObject(one) ? list(map(one, 'PolicyDocument'), 'Statement').flatMap(statementOf) : [],
  )

const arnOfIam = (place: Place, what: string, name: string): string => arnOf(place, 'iam', `${what}/${name}`, '')

const roles: Kind = {
  seconds: 18,
  replacedBy: ['RoleName', 'Path'],
  create: (place, properties) => {
    const name = named('RoleName')(place, properties)
    const arn = arnOfIam(place, 'role', name)
    place.world.iam.roles.set(name, { arn, statements: statementsOf(properties) })
    return {
      physicalId: name,
      attributes: { Arn: arn, RoleId: `AROA${place.world.random.hex(16).toUpperCase()}` },
    }
  },
  update: ({ world }, { physicalId }, properties) => {
    const role = world.iam.roles.get(physicalId)
    if (role !== undefined) world.iam.roles.set(physicalId, { ...role, statements: statementsOf(properties) })
    return undefined
  },
  remove: ({ world }, { physicalId }) => void world.iam.roles.delete(physicalId),
}

const profiles: Kind = {
  seconds: 122,
  replacedBy: ['InstanceProfileName', 'Path'],
  create: (place, properties) => {
    const name = named('InstanceProfileName')(place, properties)
    const arn = arnOfIam(place, 'instance-profile', name)
    place.world.iam.profiles.set(name, { arn, roles: texts(properties['Roles']) })
    return { physicalId: name, attributes: { Arn: arn } }
  },
  remove: ({ world }, { physicalId }) => void world.iam.profiles.delete(physicalId),
}

/** Permissions and keys. Permissions are kept, asked about, and forbid nothing: in this cloud all may do all. */
export const otherKinds: Readonly<Record<string, Kind>> = {
  'AWS::IAM::Role': roles,
  'AWS::IAM::InstanceProfile': profiles,
  'AWS::SSM::Parameter': remembered(3, named('Name'), ['Name', 'DataType']),
  'AWS::SecretsManager::Secret': remembered(
    4,
    (place, properties) =>
      arnOf(place, 'secretsmanager', `secret:${named('Name')(place, properties)}-${place.world.random.hex(6)}`),
    ['Name'],
    (_, __, id) => ({ Id: id }),
  ),
  'AWS::KMS::Key': remembered(
    128,
    ({ world }) => world.random.uuid(),
    ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
    (place, _, id) => ({ Arn: arnOf(place, 'kms', `key/${id}`), KeyId: id }),
  ),
}
