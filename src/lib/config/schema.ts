import * as z from 'zod/mini'
import { durationPattern, parseDuration, parseSize, sizePattern, tagPattern } from './scalars.js'
import {
  args,
  docs,
  duration,
  flag,
  group,
  list,
  name,
  oneOf,
  path,
  platform,
  repository,
  text,
  whole,
} from './schema-parts.js'
import { logsSchema } from './schema-logs.js'
import { hooksSchema, noticeSchema } from './schema-outside.js'
import { alarmsSchema, infraSchema } from './infra-schema.js'
import { releaseSchema } from './schema-release.js'
import { secretsSchema } from './secrets-schema.js'
import { servesSchema, verifySchema } from './verify-schema.js'
import { circuitBreakerSchema, earlySuccessSchema, strategySchema, targetSchema } from './target-schema.js'

const modelSchema = z.strictObject({
  id: text({
    what: 'a Hugging Face model id',
    description: 'The model, as it is named on Hugging Face.',
    examples: ['protectai/deberta-v3-base-prompt-injection-v2'],
    pattern: String.raw`(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*`,
  }),
  revision: text({
    what: 'the full hash of a commit, 40 hexadecimal digits',
    description:
      "The commit of the model's repository. Branches such as `main` move, and the same base could hold two models.",
    examples: ['89b085cd330414d3e7d9dd787870f315957e1e9f'],
    hint:
      'Branches and tags move; let `rampart base build --write-revisions` write the commits, or copy them from the ' +
      "model's page",
    pattern: '[0-9a-f]{40}',
  }),
  files: z.optional(
    list(
      text({
        what: 'a file pattern',
        description: 'A pattern of file names.',
        examples: ['*.safetensors'],
        pattern: '.+',
      }),
      'Patterns of the files that are needed, as `allow_patterns` of the hub reads them. Left out, rampart takes what ' +
        'inference needs: configuration, tokenizer, code, and the weights once.',
    ),
  ),
  ref: z.optional(
    text({
      what: 'the name of a branch or tag',
      description:
        'The branch by whose name the application loads the model, `main` when it names none: offline it is found under ' +
        'that name. `rampart base build --write-revisions` writes it for models that rampart provides. The proof of the ' +
        'base looks for it, whoever provides the model.',
      examples: ['main'],
      pattern: String.raw`\w[\w.-]*(?:/\w[\w.-]*)*`,
    }),
  ),
  provide: z.prefault(
    oneOf(
      ['dockerfile', 'rampart'],
      'Who puts the model into the base: `dockerfile` is a step of Dockerfile.base; `rampart` downloads it and makes it ' +
        'a layer of its own, which is uploaded once however often the rest of the base changes.',
    ),
    'dockerfile',
  ),
})

const baseSchema = z.strictObject({
  dockerfile: z.prefault(
    path('The Dockerfile of the base image, relative to the context.', 'Dockerfile.base'),
    'Dockerfile.base',
  ),
  repository: repository('The repository of the base image; Dockerfile.app names it in FROM.', 'rampart-backend-base'),
  tag: z.prefault(
    text({
      what: 'a tag: letters, digits and `. _ -`, at most 128',
      description: 'The tag that FROM finds when it names none.',
      examples: ['latest'],
      pattern: String.raw`\w[\w.-]{0,127}`,
    }),
    'latest',
  ),
  inputs: z.prefault(
    list(
      path('A file, relative to the context.', 'requirements.txt'),
      'Every file that Dockerfile.base copies. Together with it, the models and the platform they make the fingerprint.',
    ),
    [],
  ),
  models: z.prefault(
    group(
      z.array(group(modelSchema, 'a model: a map with `id` and `revision`', 'A model that the base image carries.')),
      'a list of models',
      'The models that the base image carries, each pinned to a revision.',
    ),
    [],
  ),
  platform: z.optional(platform()),
  args: z.prefault(args('Dockerfile.base'), {}),
  tags: z.prefault(
    list(
      text({
        what: 'a tag: letters, digits and `. _ -`, at most 128',
        description: 'A further tag of the base image. It gets `tag` and `base-<fingerprint>` in any case.',
        examples: ['stable'],
        pattern: String.raw`\w[\w.-]{0,127}`,
      }),
      'Further tags that a new base image gets.',
    ),
    [],
  ),
  prove: z.prefault(
    list(
      text({
        what: 'a command for `sh -c`',
        description: 'A command for `sh -c` in the image.',
        examples: ['python -c "from app.models import warm_up; warm_up()"'],
        pattern: '.+',
      }),
      'Commands that must succeed in the new base image, as the runtime user and without a network, before it is pushed; e.g. one inference.',
    ),
    [],
  ),
  maxAge: z.optional(
    duration(
      'How old the base may become before it counts as stale, so that `deploy` refuses it and `base build` runs all of its steps again; any age when left out.',
      '8760h',
      '720h',
    ),
  ),
})

const healthPath = (description: string, example: string): z.ZodMiniType<string, string> =>
  text({ what: 'a path that begins with `/`', description, examples: [example], pattern: String.raw`/[^\s#]*` })

const healthSchema = z.strictObject({
  live: healthPath('Answers 200 as soon as the process runs.', '/api/v1/health'),
  ready: z.optional(
    healthPath(
      'Answers 200 only when the models are loaded; the same as `live` when left out.',
      '/api/v1/health/ready',
    ),
  ),
  port: whole(1, 65_535, 'The port that the container listens on.', 8000),
})

const serviceSchema = z.strictObject({
  context: z.prefault(path('The directory that is built, relative to rampart.yml.', 'backend'), '.'),
  dockerfile: z.prefault(
    path('The Dockerfile of the app image, relative to the context.', 'Dockerfile.app'),
    'Dockerfile.app',
  ),
  base: z.optional(
    group(baseSchema, 'a map', 'The base image: dependencies and models, rebuilt only when they change.'),
  ),
  repository: repository('The repository of the app image.', 'rampart-backend'),
  tags: z.prefault(
    list(
      text({
        what: 'a tag: letters, digits and `. _ -`, with `{version}` and `{commit}` as placeholders',
        description:
          'A tag for people; what is deployed is the digest. `{version}` is what `git describe --tags` says; what `deploy --version` names is given when it is proved.',
        examples: ['latest', '{version}', 'v{version}'],
        pattern: tagPattern,
      }),
      'The tags that the app image gets.',
    ),
    ['latest', '{version}'],
  ),
  budget: z.prefault(
    text({
      what: 'a size above zero, with its unit',
      description: 'The most that the app layer may weigh. A layer over it holds what belongs into the base.',
      examples: ['100MB', '1.5GiB'],
      pattern: sizePattern,
      read: parseSize,
    }),
    '100MB',
  ),
  health: z.optional(group(healthSchema, 'a map', 'How to ask one container whether it works.')),
  args: z.prefault(args('Dockerfile.app'), {}),
  compression: z.prefault(
    oneOf(
      ['gzip', 'zstd'],
      'How the app layer is packed. zstd needs Docker 23, containerd 1.5 or Fargate 1.4 on the targets.',
    ),
    'gzip',
  ),
  platform: z.prefault(platform(), 'linux/amd64'),
})

const checkpointsSchema = z.strictObject({
  at: group(
    z.array(whole(1, 100, 'Percent of the group that is new.', 50)).check(z.minLength(1)),
    'a list of rising percentages that ends with 100',
    'The percentages at which the rollout waits, rising; the last is 100.',
  ),
  delay: z.prefault(duration('How long it waits at each.', '48h', '10m'), '1h'),
})

const rolloutSchema = z.strictObject({
  minHealthy: z.prefault(whole(0, 100, 'Percent of the desired capacity that keeps serving.', 100), 100),
  maxHealthy: z.optional(
    whole(
      100,
      200,
      'Percent of the desired capacity that may run at once, at most 100 above minHealthy; that most when left out.',
      200,
    ),
  ),
  warmup: z.optional(
    text<number | 'auto'>({
      what: '`auto`, or a duration from 0s to 24h, with its unit',
      description:
        'From in service until a target counts. `auto` measures it on the targets of the last rollout that went well: ' +
        "the 95th percentile and a fifth more, from 30s to 30m. Left out, the group's own default warmup holds.",
      examples: ['180s', 'auto'],
      pattern: `auto|${durationPattern}`,
      read: (value) => {
        if (value === 'auto') return value
        const milliseconds = parseDuration(value)
        return milliseconds !== undefined && milliseconds <= 86_400_000 ? milliseconds : undefined
      },
    }),
  ),
  bake: z.prefault(duration('How long the finished rollout is watched before it is called done.', '48h', '5m'), '0s'),
  checkpoints: z.optional(group(checkpointsSchema, 'a map with `at` and `delay`', 'Stops on the way.')),
  circuitBreaker: z.optional(
    group(
      circuitBreakerSchema,
      'a map',
      "When ECS gives a deployment up and goes back. Left out, the service's own threshold holds. For kind `ecs`.",
    ),
  ),
  earlySuccess: z.optional(
    group(
      earlySuccessSchema,
      'a map with `healthyPercent`',
      'Calls a rolling deployment done before every task is replaced. For kind `ecs`.',
    ),
  ),
  strategy: z.optional(
    group(strategySchema, 'a map with `kind`', "How ECS brings the new tasks in; the service's own way when left out."),
  ),
  alarms: z.optional(
    list(
      text({
        what: 'the name of a CloudWatch alarm, at most 255 characters',
        description: 'The name of a CloudWatch alarm.',
        examples: ['rampart-production-5xx'],
        pattern: '.{1,255}',
      }),
      'CloudWatch alarms that end the rollout and roll it back. They must be OK when it starts. Left out, those of `alarms` or `infra` on 5xx and latency.',
      10,
    ),
  ),
  timeout: z.prefault(
    text<number | 'auto'>({
      what: '`auto`, or a duration above 0s up to 14d, with its unit',
      description: 'How long to watch before giving up. `auto` follows from the size of the fleet and the warmup.',
      examples: ['auto', '45m'],
      pattern: `auto|${durationPattern}`,
      read: (value) => {
        if (value === 'auto') return value
        const milliseconds = parseDuration(value) ?? 0
        return milliseconds > 0 && milliseconds <= 14 * 86_400_000 ? milliseconds : undefined
      },
    }),
    'auto',
  ),
  maxFailedStarts: z.prefault(
    whole(1, 1000, 'New targets that may fail to start before the rollout is given up.', 3),
    3,
  ),
})

const environmentSchema = z.strictObject({
  default: z.prefault(flag('Whether this one is meant when none is named.', true), false),
  region: z.optional(
    text({
      what: 'an AWS region',
      description: 'The AWS region; AWS_REGION when left out.',
      examples: ['us-west-2'],
      pattern: String.raw`[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}`,
    }),
  ),
  registry: z.optional(
    text({
      what: 'the host of a registry, with its port if it has one, without `https://` and path',
      description: "The registry's host. Left out, it is the account's own ECR in the region.",
      examples: ['registry.example.com', 'localhost:5000'],
      pattern: String.raw`[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?`,
    }),
  ),
  target: group(targetSchema, 'a map with `kind`, and `group` or `cluster` and `services`', 'What is rolled out to.'),
  rollout: z.prefault(group(rolloutSchema, 'a map', 'How it is rolled out.'), {}),
  logs: z.optional(group(logsSchema, 'a map with `group`', 'Where the containers write their logs.')),
  release: z.prefault(group(releaseSchema, 'a map', 'How releases are kept and named.'), {}),
  infra: z.optional(
    group(
      infraSchema,
      'a map with `https`',
      'The infrastructure that `rampart infra` makes and keeps, as CloudFormation.',
    ),
  ),
  secrets: z.optional(
    group(secretsSchema, 'a map', 'What the services take from Secrets Manager, and how old it may be.'),
  ),
  alarms: z.optional(
    group(
      alarmsSchema,
      'a map',
      'The alarms and the dashboard that `rampart alarms apply` keeps where no stack of `infra` has them; rollouts watch them unless `rollout.alarms` names others.',
    ),
  ),
  serves: z.optional(group(servesSchema, 'a map with `url`', 'Where users reach it: what `rampart verify` asks.')),
  notify: z.prefault(
    group(
      z.array(group(noticeSchema, 'a map with `webhook`', 'One that is told.')).check(z.maxLength(10)),
      'a list of at most 10 maps',
      'Who is told how deploys and rollbacks of this environment end.',
    ),
    [],
  ),
})

/** rampart.yml: structure and single values. What concerns several values at once is in checks.ts. */
export const fileSchema = z.strictObject({
  app: name('app', 'rampart-ai'),
  services: group(
    z.record(
      name('service', 'backend'),
      group(serviceSchema, 'a map with at least `repository`', 'One image of the app.'),
    ),
    'a map of services by name',
    'The services that are released together.',
  ),
  environments: group(
    z.record(
      name('environment', 'production'),
      group(environmentSchema, 'a map with `target`', 'One place to deploy to.'),
    ),
    'a map of environments by name',
    'The places that the app is deployed to.',
  ),
  verify: z.optional(
    group(
      verifySchema,
      'a map with `endpoints`',
      'What must hold of the app wherever it is deployed: `rampart verify`.',
    ),
  ),
  prices: z.optional(
    path(
      'A table of prices to plan with, relative to rampart.yml: what `rampart prices refresh` writes. Left out, the one that rampart brings.',
      'prices.json',
    ),
  ),
  hooks: z.prefault(
    group(hooksSchema, 'a map', 'How the programs in `.rampart/hooks`, beside this file, are run.'),
    {},
  ),
})
docs.add(fileSchema, {
  what: 'a map with `app`, `services` and `environments`',
  description: 'The configuration of rampart.',
  examples: [],
})

/** rampart.yml after {@link fileSchema}: defaults filled in, texts read, paths as written. */
export type FileConfig = z.output<typeof fileSchema>
