import { arnOf, named, type Kind, type Place } from '../kind.js'
import { remembered } from './network.js'

const roleArn = (place: Place, what: string, name: string): string => arnOf(place, 'iam', `${what}/${name}`, '')

/** Permissions and keys. Permissions are kept and never asked: in this cloud all may do all. */
export const otherKinds: Readonly<Record<string, Kind>> = {
  'AWS::IAM::Role': remembered(18, named('RoleName'), ['RoleName', 'Path'], (place, _, id) => ({
    Arn: roleArn(place, 'role', id),
    RoleId: `AROA${place.world.random.hex(16).toUpperCase()}`,
  })),
  'AWS::IAM::InstanceProfile': remembered(
    122,
    named('InstanceProfileName'),
    ['InstanceProfileName', 'Path'],
    (place, _, id) => ({ Arn: roleArn(place, 'instance-profile', id) }),
  ),
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
