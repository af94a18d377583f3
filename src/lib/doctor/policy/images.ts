import { arnOf, inRegion, statement, type PolicyScope, type Statement } from './document.js'

const readImages = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']
const pushImages = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart']

const arns = (scope: PolicyScope, names: readonly string[]): readonly string[] =>
  [...new Set(names)].map((name) => arnOf(scope, 'ecr', `repository/${name}`))

const login = (scope: PolicyScope): Statement =>
  statement('RegistryLogin', ['ecr:GetAuthorizationToken'], '*', inRegion(scope))

/** Nothing where the images are not in the account's ECR. */
const ifAny = (names: readonly string[], statements: () => readonly Statement[]): readonly Statement[] =>
  names.length === 0 ? [] : statements()

/** To look at the images of the environment. */
export const readRepositories = (scope: PolicyScope): readonly Statement[] =>
  ifAny(scope.repositories, () => [
    login(scope),
    statement(
      'ReadAppImages',
      ['ecr:DescribeImages', 'ecr:DescribeRepositories', ...readImages],
      arns(scope, scope.repositories),
    ),
    ...ifAny(scope.baseRepositories, () => [
      statement('ReadBaseImages', ['ecr:DescribeImages', ...readImages], arns(scope, scope.baseRepositories)),
    ]),
  ])

/** To push app images. */
export const pushAppImages = (scope: PolicyScope): readonly Statement[] =>
  ifAny(scope.repositories, () => [statement('PushAppImages', pushImages, arns(scope, scope.repositories))])

/** To delete the images that no release needs. */
export const deleteImages = (scope: PolicyScope): readonly Statement[] =>
  ifAny(scope.repositories, () => [
    statement(
      'ReclaimImages',
      ['ecr:BatchDeleteImage'],
      arns(scope, [...scope.repositories, ...scope.baseRepositories]),
    ),
  ])

/** What `base build` needs: the bases read and pushed, and their repositories made. */
export const baseStatements = (scope: PolicyScope): readonly Statement[] =>
  ifAny(scope.baseRepositories, () => {
    const bases = arns(scope, scope.baseRepositories)
    return [
      login(scope),
      statement('ReadBases', readImages, bases),
      statement('PushBaseImages', ['ecr:DescribeRepositories', ...pushImages], bases),
      statement('MakeBaseRepositories', ['ecr:CreateRepository', 'ecr:PutLifecyclePolicy'], bases),
    ]
  })

/** What `registry migrate` needs of the account's ECR, as the source and as the target: the app's repositories. */
export const migrateStatements = (scope: PolicyScope): readonly Statement[] =>
  ifAny(scope.repositories, () => [
    login(scope),
    statement(
      'MigrateImages',
      [
        'ecr:CreateRepository',
        'ecr:DescribeRepositories',
        // Tags are listed where a pattern chooses them.
        'ecr:ListImages',
        'ecr:PutLifecyclePolicy',
        ...readImages,
        ...pushImages,
      ],
      arns(scope, [...scope.repositories, ...scope.baseRepositories]),
    ),
  ])
