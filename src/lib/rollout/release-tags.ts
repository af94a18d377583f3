/** The tags in which a revision names what it launches. */
export const releaseTags = {
  release: 'rampart:release',
  app: 'rampart:app',
  environment: 'rampart:environment',
  /** The revision that it was made from: a launch-template version, or `family:number` of a task definition. */
  source: 'rampart:source-version',
} as const
