/**
 * The status reasons of instance refreshes. The first two have been seen in AWS's documentation and in real output;
 * AWS does not document the others, whose words are chosen to say the same things.
 */
export const reasons = {
  warming: (id: string) => `Waiting for instances to warm up before continuing. For example: ${id} is warming up.`,
  insufficientData: (id: string) =>
    `Waiting for remaining instances to be available. For example: ${id} has insufficient data to evaluate its health with Amazon EC2.`,
  unhealthyTarget: (id: string) =>
    `Waiting for remaining instances to be available. For example: ${id} has failed its Elastic Load Balancing health checks.`,
  launching: () => 'Waiting for instances to launch before continuing.',
  launchFailing: (message: string) =>
    `Waiting for instances to launch before continuing. The last launch failed: ${message}`,
  terminating: (id: string) =>
    `Waiting for instances to terminate before continuing. For example: ${id} is terminating.`,
  isProtected: (id: string) => `${id} is protected. Remove instance scale-in protection to continue.`,
  standby: (id: string) => `${id} is in Standby. Return it to service to continue.`,
  noRoom: () => 'The maximum size of the group leaves no room to launch an instance before one is terminated.',
  checkpoint: (percentage: number, seconds: number) =>
    `Waiting for the checkpoint delay after ${percentage} percent. There are ${seconds} seconds left.`,
  baking: (seconds: number) => `Waiting for bake time to finish before continuing. There are ${seconds} seconds left.`,
  alarmWithoutData: (name: string) =>
    `Waiting for CloudWatch alarm ${name}, which is in INSUFFICIENT_DATA, before continuing.`,
  alarm: (name: string) => `CloudWatch alarm ${name} went into the ALARM state.`,
  blocked: (detail: string) => `The instance refresh could not continue for 1 hour. ${detail}`,
  tooLong: () => 'The instance refresh did not complete within 14 days.',
  cancelled: () => 'Cancelled due to user request.',
  rollbackRequested: () => 'Rollback was requested by the user.',
} as const
