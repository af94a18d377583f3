import * as z from 'zod/mini'
import { docs, duration, group, list, name, oneOf, text, whole } from './schema-parts.js'
import { secretSource, secretsOfService } from './secrets-schema.js'

const arn = (service: string, what: string, description: string, example: string): z.ZodMiniType<string, string> =>
  text({ what: `the ARN of ${what}`, description, examples: [example], pattern: String.raw`arn:[\w-]+:${service}:\S+` })

const id = (prefix: string, what: string): z.ZodMiniType<string, string> =>
  text({
    what: `the id of ${what}`,
    description: `The id of ${what}.`,
    examples: [`${prefix}-0123456789abcdef0`],
    pattern: `${prefix}-[0-9a-f]{8,17}`,
  })

const httpsSchema = z.strictObject({
  certificate: z.optional(
    arn(
      'acm',
      'a certificate',
      "The certificate of the load balancer, in the environment's own region.",
      'arn:aws:acm:us-west-2:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000',
    ),
  ),
  domain: z.optional(
    text({
      what: 'the name of a host',
      description: 'The name that users write. With `zone`, the stack makes its records, and its certificate too.',
      examples: ['app.example.com'],
      pattern: String.raw`(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}`,
    }),
  ),
  zone: z.optional(
    text({
      what: 'the id of a hosted zone of Route 53',
      description: 'The hosted zone of the domain.',
      examples: ['Z0123456789ABCDEFGHIJ'],
      pattern: 'Z[A-Z0-9]{1,32}',
    }),
  ),
})

const networkSchema = z.strictObject({
  vpc: z.optional(id('vpc', 'a VPC that is there')),
  publicSubnets: z.optional(list(id('subnet', 'a public subnet'), 'Of the load balancer; two or more zones.', 6)),
  privateSubnets: z.optional(list(id('subnet', 'a private subnet'), 'Of what serves; two or more zones.', 6)),
  cidr: z.optional(
    text({
      what: 'a private address range of size /16 to /22',
      description: 'The addresses of a VPC that the stack makes.',
      examples: ['10.0.0.0/16'],
      pattern: String.raw`(?:10|172|192)(?:\.\d{1,3}){3}/(?:1[6-9]|2[0-2])`,
    }),
  ),
  zones: z.optional(whole(2, 3, 'Availability zones that a VPC of the stack spans.', 2)),
  egress: z.optional(
    oneOf(
      ['nat', 'nat-per-zone', 'endpoints'],
      'How private subnets reach AWS: one NAT gateway, one in each zone, or endpoints of the VPC, without a way into ' +
        'the world.',
    ),
  ),
})

const serviceSchema = z.strictObject({
  paths: z.prefault(
    list(
      text({
        what: 'a path pattern of a load balancer',
        description: 'A path pattern, `*` and `?` allowed.',
        examples: ['/api/*'],
        pattern: String.raw`/[\w/*?.$~:@&+-]{0,127}`,
      }),
      'Paths that lead to this service. One service names none, and takes all the rest.',
      5,
    ),
    [],
  ),
  env: z.prefault(
    group(
      z.record(
        text({
          what: 'letters, digits and `_`, not beginning with a digit',
          description: 'The name of a variable.',
          examples: ['LOG_LEVEL'],
          pattern: String.raw`[A-Za-z_]\w*`,
        }),
        text({
          what: 'one line of text',
          description: 'Its value.',
          examples: ['info'],
          pattern: String.raw`[^\0\r\n]*`,
        }),
      ),
      'a map of variables',
      'Variables of the container that are no secrets: the template shows them.',
    ),
    {},
  ),
  secrets: z.prefault(secretsOfService, {}),
  cpu: z.optional(whole(256, 16_384, "1024ths of a processor, of Fargate's sizes. For kind `ecs`.", 1024)),
  memory: z.optional(whole(512, 122_880, "MiB of memory, of Fargate's sizes. For kind `ecs`.", 4096)),
  min: z.optional(whole(1, 1000, 'The fewest tasks. For kind `ecs`.', 2)),
  max: z.optional(whole(1, 1000, 'The most tasks. For kind `ecs`.', 6)),
  cpuTarget: z.optional(whole(10, 95, 'Percent of its processors that scaling aims at. For kind `ecs`.', 60)),
})

const instanceSchema = z.strictObject({
  type: text({
    what: 'an EC2 instance type',
    description: 'The instance type; all services run on each instance, with their models in memory.',
    examples: ['c7i.xlarge'],
    pattern: String.raw`[a-z][a-z0-9-]*\.[a-z0-9-]+`,
  }),
  volume: z.prefault(whole(8, 16_384, 'GiB of the encrypted root volume: the system, and images twice.', 40), 40),
  startTimeout: z.prefault(
    duration(
      'How long from launch until every service is ready, at most; later the instance is given up.',
      '2h',
      '15m',
    ),
    '15m',
  ),
})

const capacitySchema = z.strictObject({
  min: z.prefault(whole(1, 1000, 'The fewest instances.', 2), 2),
  max: z.prefault(whole(1, 2000, 'The most instances; a rollout launches new ones before old ones go.', 8), 8),
})

const warmPoolSchema = z.strictObject({
  min: z.prefault(whole(0, 1000, 'Instances that wait at least.', 1), 1),
  state: z.prefault(
    oneOf(['Stopped', 'Running'], 'Whether they wait stopped (only their volumes cost) or running.'),
    'Stopped',
  ),
})

const modelCacheSchema = z.strictObject({
  path: text({
    what: 'an absolute path',
    description: 'Where containers find the models, read-only.',
    examples: ['/app/.cache/huggingface'],
    pattern: String.raw`(?:/[\w.-]+)+`,
  }),
  throughput: z.prefault(
    oneOf(
      ['elastic', 'bursting'],
      'How fast EFS may be. `bursting` earns its speed by size: a small cache is slow once its credits are gone.',
    ),
    'elastic',
  ),
  token: z.optional(
    secretSource(
      "Where the hub's token is, for models that ask for one. Only the task that fills the cache gets it.",
      'finbert-rag/hub#token',
    ),
  ),
})

const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

const retentionSchema = z.int().check(z.refine((days) => retentions.includes(days)))
docs.add(retentionSchema, {
  what: `a number of days that CloudWatch Logs takes: ${retentions.join(', ')}`,
  description: 'Days that log lines are kept.',
  examples: [30],
})

/** When alarms ring, and who is told. */
export const alarmsSchema = z.strictObject({
  topic: z.optional(
    arn('sns', 'a topic', 'An SNS topic that is told of alarms.', 'arn:aws:sns:us-west-2:123456789012:operations'),
  ),
  email: z.optional(
    text({
      what: 'an address',
      description: 'Who is told of alarms and failed rollouts, by an encrypted topic of the stack.',
      examples: ['operations@example.com'],
      pattern: String.raw`[^@\s]+@[^@\s]+\.[^@\s]+`,
    }),
  ),
  errors: z.prefault(whole(1, 100, 'Percent of requests that may fail.', 5), 5),
  latency: z.optional(
    duration(
      'The 95th percentile of response times that is still good; the largest budget of `verify` when left out, 2s without one.',
      '5m',
      '2s',
    ),
  ),
})

/** The infrastructure of an environment. What goes with which kind of target is in infra-checks.ts. */
export const infraSchema = z.strictObject({
  stack: z.optional(
    text({
      what: 'letters, digits and `-`, beginning with a letter, at most 40',
      description: 'The name of the CloudFormation stack; that of the app and of the environment when left out.',
      examples: ['rampart-production'],
      pattern: '[A-Za-z][A-Za-z0-9-]{0,39}',
    }),
  ),
  https: group(httpsSchema, 'a map with `certificate`, or `domain` and `zone`', 'How users reach it.'),
  network: z.prefault(group(networkSchema, 'a map', 'Where it stands; a VPC of its own when left out.'), {}),
  outbound: z.prefault(
    group(
      z.array(whole(1, 65_535, 'A port.', 443)).check(z.maxLength(20)),
      'a list of at most 20 ports',
      'TCP ports on which the app may reach other hosts; 443 is needed for AWS itself.',
    ),
    [443],
  ),
  services: z.prefault(
    group(
      z.record(name('service', 'backend'), group(serviceSchema, 'a map', 'How the stack runs this service.')),
      'a map by the name of the service',
      'What the stack needs to know of each service.',
    ),
    {},
  ),
  instance: z.optional(group(instanceSchema, 'a map with `type`', 'The instances. For kind `asg`.')),
  capacity: z.optional(group(capacitySchema, 'a map', 'How many instances. For kind `asg`.')),
  warmPool: z.optional(group(warmPoolSchema, 'a map', 'Instances that wait, ready to serve. For kind `asg`.')),
  modelCache: z.optional(group(modelCacheSchema, 'a map with `path`', 'Models on EFS, beside the images.')),
  repositories: z.prefault(
    oneOf(['make', 'given'], 'Whether the stack has the ECR repositories, or they are there: another stack has them.'),
    'make',
  ),
  keepImages: z.prefault(whole(10, 1000, 'Images that a repository keeps, the newest ones.', 100), 100),
  logDays: z.prefault(retentionSchema, 30),
  secretsKey: z.optional(
    arn(
      'kms',
      'a key',
      "The KMS key of the secrets, when it is not AWS's own.",
      'arn:aws:kms:us-west-2:123456789012:key/0f0e0d0c-0000-4000-8000-000000000000',
    ),
  ),
  alarms: z.prefault(group(alarmsSchema, 'a map', 'When alarms ring, and who is told.'), {}),
})
