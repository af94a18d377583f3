/** The stretches that a deploy goes through, in their order. */
export const deployPhases = ['preflight', 'build', 'push', 'release', 'rollout', 'proof'] as const

/**
 * Every stretch of a run that is timed and shown. `baseline` asks what serves before anything is rolled out, `verify`
 * makes the checks of what serves then, `rollback` is the way back when they fail. `tags` are those of a release that is given a version, `hooks` are
 * those of the user that run when all else is over, `stack` is a change of the infrastructure by CloudFormation, `cache`
 * fills the model cache.
 */
export const phases = [...deployPhases, 'baseline', 'verify', 'rollback', 'tags', 'hooks', 'stack', 'cache'] as const

export type Phase = (typeof phases)[number]
