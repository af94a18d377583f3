import * as z from 'zod/mini'
import { duration, flag, group, name, oneOf, text, whole } from './schema-parts.js'

const ecsName = (what: string, description: string, example: string): z.ZodMiniType<string, string> =>
  text({
    what: `the name of ${what}: letters, digits, \`-\` and \`_\`, at most 255`,
    description,
    examples: [example],
    pattern: '[A-Za-z0-9][A-Za-z0-9_-]{0,254}',
  })

const ecsServiceSchema = z.strictObject({
  service: ecsName('an ECS service', 'The ECS service that runs it.', 'finbert-api'),
  container: z.optional(
    ecsName(
      'a container',
      'Its container in the task definition; left out, it is the one that runs its repository.',
      'api',
    ),
  ),
})

/** Which keys go with which kind is in target-checks.ts, so that a key of another kind is told apart from an unknown one. */
export const targetSchema = z.strictObject({
  kind: oneOf(
    ['asg', 'ecs'],
    'What is rolled: `asg` is an EC2 Auto Scaling group, `ecs` the services of an ECS cluster (Fargate or EC2).',
  ),
  group: z.optional(
    text({
      what: 'the exact name of an Auto Scaling group, at most 255 characters without `:`',
      description: 'The exact name of the Auto Scaling group. For kind `asg`.',
      examples: ['rampart-production-asg'],
      pattern: String.raw`[^:\0]{1,255}`,
    }),
  ),
  cluster: z.optional(ecsName('an ECS cluster', 'The ECS cluster. For kind `ecs`.', 'finbert-rag-prod')),
  services: z.optional(
    group(
      z.record(
        name('service', 'api'),
        group(ecsServiceSchema, 'a map with `service`', 'The ECS service that runs this service of the app.'),
      ),
      'a map of ECS services by the name of the service of the app',
      'The ECS service of each service of the app. They are moved in this order, and go back when a later one fails. ' +
        'For kind `ecs`.',
    ),
  ),
})

/** When ECS gives a deployment up. */
export const circuitBreakerSchema = z.strictObject({
  type: z.prefault(
    oneOf(
      ['BOUNDED_PERCENT', 'UNBOUNDED_PERCENT', 'COUNT'],
      'What the threshold means: percent of the wanted tasks, at least 3 and at most 200 (`BOUNDED_PERCENT`); percent ' +
        'without these bounds; or a number of tasks.',
    ),
    'BOUNDED_PERCENT',
  ),
  threshold: z.prefault(whole(1, 1000, 'Failed tasks that end the deployment.', 50), 50),
  resetOnHealthyTask: z.prefault(flag('Whether a task that becomes healthy sets the count back to zero.', true), true),
})

/** When ECS calls a deployment done before its end. */
export const earlySuccessSchema = z.strictObject({
  healthyPercent: whole(1, 100, 'Percent of the wanted tasks that are new and healthy.', 100),
  cleanup: z.prefault(
    oneOf(
      ['BLOCKING', 'DEFERRED'],
      'Whether the old tasks are stopped before the deployment is called done, or afterwards.',
    ),
    'BLOCKING',
  ),
})

/** How ECS brings new tasks in. */
export const strategySchema = z.strictObject({
  kind: oneOf(
    ['ROLLING', 'BLUE_GREEN', 'CANARY', 'LINEAR'],
    'How ECS brings the new tasks in. All but `ROLLING` need a second target group at the service.',
  ),
  percent: z.optional(
    whole(
      1,
      100,
      'Percent of the traffic that a canary gets, or that a linear step shifts. For CANARY and LINEAR.',
      10,
    ),
  ),
  bake: z.optional(
    duration('How long the canary, or each step, is watched, in whole minutes. For CANARY and LINEAR.', '24h', '10m'),
  ),
})
