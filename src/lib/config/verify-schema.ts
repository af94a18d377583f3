import * as z from 'zod/mini'
import { compareSchema, criteriaSchema } from './verify-compare-schema.js'
import { duration, group, list, name, oneOf, path, real, text, whole } from './schema-parts.js'

/** Whatever YAML can say. */
const anything = (description: string): z.ZodMiniType => group(z.unknown(), 'anything that JSON can say', description)

const latencyText = (figure: string): z.ZodMiniType<number, string> =>
  text({
    what: 'a time above zero, in `ms` or `s`',
    description: `The most that the ${figure} may be.`,
    examples: ['250ms', '0.5s'],
    pattern: String.raw`\d+(?:\.\d+)?(?:ms|s)`,
    read: (value) => {
      const milliseconds = Number.parseFloat(value) * (value.endsWith('ms') ? 1 : 1000)
      return milliseconds > 0 && milliseconds <= 600_000 ? milliseconds : undefined
    },
  })

const budgetSchema = group(
  z.strictObject({
    mean: z.optional(latencyText('mean')),
    p50: z.optional(latencyText('median')),
    p95: z.optional(latencyText('95th percentile')),
    p99: z.optional(latencyText('99th percentile')),
    max: z.optional(latencyText('slowest request')),
  }),
  'a map of `mean`, `p50`, `p95`, `p99` and `max`',
  'How long requests may take. Each figure that is given must hold.',
)

const content = (description: string): z.ZodMiniType<string, string> =>
  text({ what: 'text', description, examples: ['operational'], pattern: String.raw`[\s\S]+` })

const expectSchema = z.strictObject({
  status: z.prefault(
    group(
      z.array(whole(100, 599, 'An HTTP status.', 200)),
      'a list of statuses, e.g. `[200]`',
      'The statuses that are right; any from 200 to 299 when left out.',
    ),
    [],
  ),
  json: z.prefault(
    group(
      z.record(
        z.string(),
        anything(
          'What it must be: a value, or a map of `equals`, `oneOf`, `matches`, `atLeast`, `atMost`, `exists`, `count`, `minCount`.',
        ),
      ),
      'a map of JSONPaths, e.g. `$.status: healthy`',
      'What JSONPaths (RFC 9535) find in the answer. Every value that a path finds must be right, and there must be one.',
    ),
    {},
  ),
  schema: z.optional(
    path('A JSON Schema that the answer must satisfy, relative to rampart.yml.', 'schemas/search.json'),
  ),
  contains: z.prefault(list(content('Text that the answer holds.'), 'Texts that the answer must hold.'), []),
  absent: z.prefault(list(content('Text that the answer does not hold.'), 'Texts that it must not hold.'), []),
  contentType: z.optional(
    text({
      what: 'a media type without parameters',
      description: 'The media type of the answer.',
      examples: ['application/json'],
      pattern: String.raw`[\w.+-]+/[\w.+-]+`,
    }),
  ),
})

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const endpointSchema = z.strictObject({
  method: z.optional(oneOf(methods, 'The method; POST where there is a body, and GET otherwise.')),
  path: text({
    what: 'a path that begins with `/`, or an address of its own with `https://`',
    description: 'What is asked, below the address of the environment.',
    examples: ['/health', 'https://ui.example.com/'],
    pattern: String.raw`(?:/|https?://)[^\s#]*`,
    read: (value) => (value.startsWith('/') || URL.canParse(value) ? value : undefined),
  }),
  headers: z.prefault(
    group(
      z.record(
        z.string(),
        text({
          what: 'text on one line',
          description: 'The value of a header.',
          examples: ['Bearer ${TOKEN}'],
          pattern: String.raw`[^\r\n]*`,
        }),
      ),
      'a map of headers',
      'Headers of the request. Values from `${NAME}` are never shown.',
    ),
    {},
  ),
  json: z.optional(anything('The body, sent as JSON; `{{name}}` in it is filled in for each request.')),
  body: z.optional(text({ what: 'text', description: 'The body, sent as it is.', examples: ['ping'] })),
  rows: z.prefault(
    group(
      z.array(
        group(
          z.record(z.string(), anything('What `{{name}}` becomes.')),
          'a map of values by name',
          'Values for one request.',
        ),
      ),
      'a list of maps',
      'Values for `{{name}}` in path, headers and body, a row for each request in turn; so that not every request is the same.',
    ),
    [],
  ),
  expect: z.prefault(group(expectSchema, 'a map', 'What the answer must be.'), {}),
  latency: z.optional(budgetSchema),
  samples: z.optional(
    whole(
      1,
      1000,
      'How many requests are measured, one after the other on one connection; 20 where `latency` is given.',
      20,
    ),
  ),
  timeout: z.prefault(duration('How long one request may take, to its last byte.', '10m', '10s'), '10s'),
  retry: z.prefault(
    duration('For how long a check that fails is made again, for a fleet that is still settling.', '1h', '30s'),
    '0s',
  ),
})

const loadSchema = z.strictObject({
  endpoint: name('endpoint of `verify` that the load goes to', 'search-384d'),
  rate: z.optional(
    real(
      0.1,
      1000,
      'Requests that begin in each second, whatever becomes of those before. Left out, each connection sends as soon as it has its answer.',
      5,
    ),
  ),
  concurrency: z.prefault(whole(1, 200, 'Most requests under way at once.', 10), 10),
  duration: z.prefault(duration('How long it lasts.', '10m', '30s'), '10s'),
  requests: z.prefault(whole(1, 100_000, 'Most requests, however long it lasts.', 1000), 10_000),
  expect: z.prefault(
    group(
      z.strictObject({
        rate: z.optional(real(0.1, 1000, 'Least successful answers a second.', 4)),
        success: z.prefault(real(0, 100, 'Least percent of requests that succeed.', 100), 100),
      }),
      'a map of `rate` and `success`',
      'What the load must come to.',
    ),
    {},
  ),
  latency: z.optional(budgetSchema),
})

const httpsSchema = z.strictObject({
  minDays: z.prefault(whole(0, 365, 'Days that the certificate must at least have left.', 14), 14),
  httpPort: z.prefault(whole(1, 65_535, 'The port of plain HTTP, which must redirect.', 80), 80),
  paths: z.prefault(
    list(
      text({
        what: 'a path that begins with `/`',
        description: 'A path that plain HTTP must redirect.',
        examples: ['/api/v1/health'],
        pattern: String.raw`/[^\s#]*`,
      }),
      'Paths beside `/` and those of the endpoints that plain HTTP must redirect: one of each rule of the listener.',
    ),
    [],
  ),
  timeout: z.prefault(duration('How long one handshake or answer may take.', '2m', '10s'), '10s'),
  retry: z.prefault(duration('For how long what fails is looked at again.', '1h', '5m'), '0s'),
})

/** Where users reach an environment. */
export const servesSchema = z.strictObject({
  url: text({
    what: 'an address with `https://` or `http://`, without name, password, query and `#`',
    description: 'The address that users have.',
    examples: ['https://rag.example.com'],
    pattern: String.raw`https?://[^\s#?@]+`,
    read: (value) => (URL.canParse(value) ? value : undefined),
  }),
  leadsTo: z.optional(
    text({
      what: 'the name of a host',
      description: 'The DNS name of the load balancer that the address must lead to.',
      examples: ['finbert-alb-1234567890.ap-south-1.elb.amazonaws.com'],
      pattern: String.raw`[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?`,
    }),
  ),
  load: z.prefault(
    oneOf(['ask', 'allow'], 'Whether `rampart verify` asks before it sends load there. It never asks on this machine.'),
    'ask',
  ),
})

const targetsSchema = z.strictObject({
  ask: z.prefault(
    oneOf(
      ['auto', 'direct', 'off'],
      'Who asks the targets what they serve: Run Command of AWS Systems Manager on the instances of a group, where that is permitted; with `direct` also this machine, at their private addresses, for where it is in their network.',
    ),
    'auto',
  ),
  endpoint: z.optional(name('endpoint', 'search-384d')),
  service: z.optional(name('service', 'api')),
  grade: z.prefault(
    oneOf(
      ['launched', 'reported', 'answered'],
      'The weakest proof that is enough: launched with the released digests, reported by the target, or answered by it.',
    ),
    'launched',
  ),
  timeout: z.prefault(duration('How long one answer of a target may take.', '2m', '10s'), '10s'),
  retry: z.prefault(duration('For how long targets that are not well are asked again.', '1h', '1m'), '1m'),
})

const severity = (description: string, usual: 'fail' | 'warn') =>
  z.prefault(oneOf(['fail', 'warn', 'off'], description), usual)

const logsSchema = z.strictObject({
  downloads: severity('What it means when a target downloads a model at run time.', 'fail'),
  secrets: severity('What it means when a log holds a secret, or what looks like one.', 'fail'),
  personalData: severity('What it means when a log holds e-mail addresses or numbers of payment cards.', 'warn'),
})

/** What is verified. What concerns several values at once is in verify-checks.ts. */
export const verifySchema = z.strictObject({
  https: z.optional(group(httpsSchema, 'a map', 'What HTTPS must be like, where the address has it.')),
  endpoints: z.prefault(
    group(
      z.record(
        name('endpoint', 'search-384d'),
        group(endpointSchema, 'a map with at least `path`', 'One request, and what must come back how soon.'),
      ),
      'a map of endpoints by name',
      'The requests that are made, in this order.',
    ),
    {},
  ),
  logs: z.optional(group(logsSchema, 'a map', 'What must not be in the logs of the targets since they were launched.')),
  targets: z.optional(
    group(
      targetsSchema,
      'a map',
      'How the targets are asked themselves, each alone and not through the load balancer.',
    ),
  ),
  load: z.prefault(
    group(
      z.record(name('load', 'search'), group(loadSchema, 'a map with at least `endpoint`', 'Load on one endpoint.')),
      'a map of loads by name',
      'Load that is sent, one after the other, when everything else was asked.',
    ),
    {},
  ),
  compare: z.optional(
    group(compareSchema, 'a map', 'How what a deploy has brought is compared with what served before it.'),
  ),
  criteria: criteriaSchema,
})
