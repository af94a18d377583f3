/** The stretches of a run that are timed and shown, in the order in which a deploy goes through them. */
export const phases = ['preflight', 'build', 'push', 'release', 'rollout', 'proof'] as const

export type Phase = (typeof phases)[number]
