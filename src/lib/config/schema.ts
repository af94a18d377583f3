import * as z from 'zod/mini'
import { parseImageRef } from '../domain/image-ref.js'
import { durationPattern, formatDuration, parseDuration, parseSize, sizePattern, tagPattern } from './scalars.js'
import type { Platform } from './types.js'

/** What a value of rampart.yml must be, in the words of its error messages and of the editor's tooltips. */
export interface Doc {
  /** Ends the sentence "… must be". */
  readonly what: string
  readonly description: string
  readonly examples: readonly (string | number | boolean)[]
  /** What the whole text matches, for editors. */
  readonly pattern?: string
  /** All texts that are valid, when they are few. */
  readonly values?: readonly string[]
  /** What to do about a wrong value, where examples do not help. */
  readonly hint?: string
}

/** The documentation of every value in {@link fileSchema}. */
export const docs = z.registry<Doc>()

interface Text<T> extends Doc {
  readonly read?: (text: string) => T | undefined
}

function text<T = string>({ read, ...doc }: Text<T>): z.ZodMiniType<T, string> {
  const matches = doc.pattern === undefined ? undefined : new RegExp(`^(?:${doc.pattern})$`)
  const schema = z.pipe(
    z.string(),
    z.transform((value: string, context): T => {
      const result =
        matches !== undefined && !matches.test(value) ? undefined : read === undefined ? value : read(value)
      if (result !== undefined) return result as T
      context.issues.push({ code: 'custom', message: '', input: value })
      return z.NEVER
    }),
  )
  docs.add(schema, doc)
  return schema
}

function whole(least: number, most: number, description: string, example: number): z.ZodMiniType<number, number> {
  const schema = z.int().check(z.minimum(least), z.maximum(most))
  docs.add(schema, { what: `a whole number from ${least} to ${most}`, description, examples: [example] })
  return schema
}

function group<T extends z.ZodMiniType>(schema: T, what: string, description: string): T {
  docs.add(schema, { what, description, examples: [] })
  return schema
}

const duration = (description: string, most: string, example: string): z.ZodMiniType<number, string> => {
  const limit = parseDuration(most) ?? 0
  return text({
    what: `a duration from 0s to ${formatDuration(limit)}, with its unit`,
    description,
    examples: [example, '3m', '1h30m'],
    pattern: durationPattern,
    read: (value) => {
      const milliseconds = parseDuration(value)
      return milliseconds !== undefined && milliseconds <= limit ? milliseconds : undefined
    },
  })
}

const oneOf = <T extends string>(values: readonly T[], description: string): z.ZodMiniType<T, string> =>
  text({
    what: values.map((value) => `\`${value}\``).join(' or '),
    description,
    examples: values,
    values,
    read: (value) => values.find((item) => item === value),
  })

const name = (of: string, example: string): z.ZodMiniType<string, string> =>
  text({
    what: 'lower-case letters, digits, `-` and `_`, beginning with a letter, at most 63',
    description: `The name of the ${of}.`,
    examples: [example],
    pattern: '[a-z][a-z0-9_-]{0,62}',
  })

const path = (description: string, example: string): z.ZodMiniType<string, string> =>
  text({ what: 'a path', description, examples: [example], pattern: String.raw`[^\0]+` })

const repository = (description: string, example: string): z.ZodMiniType<string, string> =>
  text({
    what: 'the name of a repository without registry, tag and digest: lower-case letters, digits and `. _ - /`',
    description: `${description} The registry's host follows from the environment.`,
    examples: [example],
    pattern: '[a-z0-9._/-]{2,256}',
    read: (value) => {
      const ref = parseImageRef(value)
      return ref?.registry === '' && ref.tag === undefined && ref.digest === undefined ? value : undefined
    },
  })

const platform = (): z.ZodMiniType<Platform, string> =>
  oneOf(['linux/amd64', 'linux/arm64'], 'The operating system and processor that the targets have.')

const args = (of: string): z.ZodMiniType<Record<string, string>, Record<string, string>> =>
  group(
    z.record(
      text({
        what: 'letters, digits and `_`, not beginning with a digit',
        description: 'The name of an ARG.',
        examples: ['PYTHON_VERSION'],
        pattern: String.raw`[A-Za-z_]\w*`,
      }),
      text({ what: 'text', description: `A build argument of ${of}.`, examples: ['3.12'] }),
    ),
    'a map of build arguments',
    `Values for the ARG instructions of ${of}. They are not a place for secrets: images keep them.`,
  )

const list = <T>(item: z.ZodMiniType<T, string>, description: string, most?: number): z.ZodMiniType<T[], string[]> =>
  group(
    most === undefined ? z.array(item) : z.array(item).check(z.maxLength(most)),
    most === undefined ? 'a list' : `a list of at most ${most}`,
    description,
  )

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
    hint: "Copy it from the model's page (Files and versions, History); branches and tags move",
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
      'Patterns of the files that are needed; all files when this is left out.',
    ),
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
          'A tag for people; what is deployed is the digest. `{version}` is what `git describe --tags` says.',
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

const targetSchema = z.strictObject({
  kind: oneOf(['asg'], 'What is rolled: `asg` is an EC2 Auto Scaling group.'),
  group: text({
    what: 'the exact name of an Auto Scaling group, at most 255 characters without `:`',
    description: 'The exact name of the Auto Scaling group.',
    examples: ['rampart-production-asg'],
    pattern: String.raw`[^:\0]{1,255}`,
  }),
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
    duration("From in service until a target counts. Left out, the group's own default warmup holds.", '24h', '180s'),
  ),
  bake: z.prefault(duration('How long the finished rollout is watched before it is called done.', '48h', '5m'), '0s'),
  checkpoints: z.optional(group(checkpointsSchema, 'a map with `at` and `delay`', 'Stops on the way.')),
  alarms: z.prefault(
    list(
      text({
        what: 'the name of a CloudWatch alarm, at most 255 characters',
        description: 'The name of a CloudWatch alarm.',
        examples: ['rampart-production-5xx'],
        pattern: '.{1,255}',
      }),
      'CloudWatch alarms that end the rollout and roll it back. They must be OK when it starts.',
      10,
    ),
    [],
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

const logsSchema = z.strictObject({
  group: text({
    what: 'the name of a log group: letters, digits and `. - _ / #`, at most 512',
    description: 'The CloudWatch log group that the containers write to.',
    examples: ['/rampart/production'],
    pattern: String.raw`[\w./#-]{1,512}`,
  }),
})

const flag = z.boolean()
docs.add(flag, {
  what: '`true` or `false`',
  description: 'Whether this one is meant when none is named.',
  examples: [true],
})

const environmentSchema = z.strictObject({
  default: z.prefault(flag, false),
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
  target: group(targetSchema, 'a map with `kind` and `group`', 'What is rolled out to.'),
  rollout: z.prefault(group(rolloutSchema, 'a map', 'How it is rolled out.'), {}),
  logs: z.optional(group(logsSchema, 'a map with `group`', 'Where the containers write their logs.')),
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
})
docs.add(fileSchema, {
  what: 'a map with `app`, `services` and `environments`',
  description: 'The configuration of rampart.',
  examples: [],
})

/** rampart.yml after {@link fileSchema}: defaults filled in, texts read, paths as written. */
export type FileConfig = z.output<typeof fileSchema>
