/** The moments at which programs of the user run, by the names of their files in `.rampart/hooks`. A stable interface. */
export const hookNames = ['pre-build', 'pre-deploy', 'post-rollout', 'post-deploy', 'failed', 'post-rollback'] as const

export type HookName = (typeof hookNames)[number]

/** What may be told to a webhook. A stable interface. */
export const noticeNames = ['started', 'succeeded', 'failed', 'rolled-back'] as const

export type NoticeName = (typeof noticeNames)[number]
