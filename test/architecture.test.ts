import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const library = join(root, 'src/lib')

/** Which rooms a room may import. A room is a folder of src/lib. */
const table: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  errors: [],
  events: ['domain'],
  config: ['domain', 'errors'],
  ports: ['domain'],
  aws: ['ports', 'domain', 'errors'],
  docker: ['ports', 'domain', 'errors'],
  oci: ['ports', 'domain', 'errors'],
  hub: ['ports', 'domain', 'errors'],
  system: ['ports', 'domain', 'errors'],
  http: ['ports', 'domain', 'errors'],
  verify: ['logs', 'ports', 'domain', 'events', 'errors'],
  image: ['ports', 'domain', 'events', 'errors'],
  release: ['ports', 'domain', 'events', 'errors'],
  rollout: ['logs', 'ports', 'domain', 'events', 'errors'],
  hooks: ['ports', 'domain', 'events', 'errors'],
  notify: ['ports', 'domain', 'errors'],
  shell: [],
  doctor: ['shell', 'ports', 'domain', 'events', 'errors'],
  infra: ['monitoring', 'domain', 'errors'],
  monitoring: ['domain'],
  init: ['shell', 'image', 'domain', 'errors'],
  plan: ['domain'],
  operations: [
    'monitoring',
    'logs',
    'shell',
    'init',
    'plan',
    'image',
    'release',
    'rollout',
    'doctor',
    'verify',
    'hooks',
    'notify',
    'ports',
    'domain',
    'events',
    'errors',
  ],
  view: ['domain', 'events'],
  terminal: ['errors'],
  words: ['view', 'terminal', 'domain'],
  report: ['view', 'words', 'plan', 'events', 'terminal', 'domain'],
  dashboard: ['view', 'words', 'events', 'terminal', 'domain'],
  logs: ['ports', 'domain', 'errors'],
  rehearsal: ['domain'],
}

/** Where rooms are put together for the commands. */
const compositionRoot = 'compose'

/** The packages that belong to one room, or to one file of it. */
const owners: readonly { readonly package: RegExp; readonly allowed: RegExp }[] = [
  { package: /^@aws-sdk\//, allowed: /^(aws|rehearsal)\// },
  { package: /^@smithy\//, allowed: /^(aws|rehearsal)\// },
  { package: /^zod/, allowed: /^config\// },
  {
    package: /^yaml$/,
    allowed: /^(config\/|init\/compose-file\.ts$|infra\/yaml\.ts$|rehearsal\/stacks\/template\.ts$)/,
  },
  { package: /^smol-toml$/, allowed: /^init\/requirements\.ts$/ },
  { package: /^diff$/, allowed: /^init\/difference\.ts$/ },
  { package: /^@lezer\//, allowed: /^init\/python\// },
  { package: /^unbash$/, allowed: /^shell\// },
  { package: /^@clack\//, allowed: /^terminal\/ask\.ts$/ },
  { package: /^jsonpath-rfc9535/, allowed: /^(verify\/(json-expectations|drift)|config\/verify-checks)\.ts$/ },
  { package: /^ajv/, allowed: /^verify\/json-schema\.ts$/ },
  { package: /^dotenv$/, allowed: /^config\// },
  { package: /^dockerfile-ast$/, allowed: /^image\// },
  { package: /^listr2$/, allowed: /^report\/list\.ts$/ },
  { package: /^(ink|react)/, allowed: /^dashboard\// },
  { package: /^@huggingface\//, allowed: /^hub\// },
  { package: /^dockerode(\/|$)/, allowed: /^docker\// },
  { package: /^@oclif\//, allowed: /^$/ },
]

interface Import {
  readonly from: string
  readonly specifier: string
}

function importsOf(file: string, source: string): readonly Import[] {
  const { module } = parseSync(file, source)
  const dynamic = module.dynamicImports.map(({ moduleRequest }) =>
    source.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^['"`]|['"`]$/g, ''),
  )
  const reexports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])),
  )
  const all = [...module.staticImports.map((one) => one.moduleRequest.value), ...reexports, ...dynamic]
  return all.map((specifier) => ({ from: file, specifier }))
}

/** What an import of a file of src/lib breaks, in words; undefined when it is allowed. */
function violation({ from, specifier }: Import): string | undefined {
  const place = relative(library, from).split(sep).join('/')
  const room = place.includes('/') ? (place.split('/')[0] ?? '') : ''
  if (!specifier.startsWith('.')) {
    const owner = owners.find((one) => one.package.test(specifier))
    return owner === undefined || owner.allowed.test(place) || room === compositionRoot
      ? undefined
      : `${place} imports ${specifier}, which belongs to ${owner.allowed.source}`
  }
  const target = relative(library, join(from, '..', specifier))
    .split(sep)
    .join('/')
  const targetRoom = target.split('/')[0] ?? ''
  // The composition root may import every room; no room may import it.
  if (room === compositionRoot || targetRoom === room) return undefined
  const allowed = table[room]
  if (allowed === undefined) return `${place} is in ${room}, which is not a room of the table`
  return allowed.includes(targetRoom)
    ? undefined
    : `${place} imports ${target}; ${room} may import ${allowed.join(', ')}`
}

const files = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(directory, name))

const read = (file: string): readonly Import[] => importsOf(file, readFileSync(file, 'utf8'))

test('rooms import only what the table allows', () => {
  const imports = files(library).flatMap(read)
  expect(imports.length).toBeGreaterThan(100)
  expect(imports.map(violation).filter((one) => one !== undefined)).toEqual([])
})

test.each([
  ['image/plan.ts', '../aws/account.js'],
  ['domain/digest.ts', '../errors/rampart-error.js'],
  ['report/plain.ts', 'listr2'],
  ['rollout/follow.ts', '@aws-sdk/client-auto-scaling'],
  ['aws/account.ts', '../rehearsal/cloud.js'],
  ['operations/deploy.ts', '../config/index.js'],
  ['operations/deploy.ts', '../compose/deploy.js'],
  ['attic/old.ts', '../domain/digest.js'],
])('a forbidden import of %s from %s is found', (file, specifier) => {
  const source = `import { x } from '${specifier}'\nexport const y = x\n`
  const lazily = `export const y = async () => import('${specifier}')\n`
  const typed = `export type { X } from '${specifier}'\n`
  for (const text of [source, lazily, typed]) {
    expect(importsOf(join(library, file), text).map(violation)).toEqual([expect.stringContaining(file)])
  }
})

test('commands stay thin: they load their work when they run', () => {
  const commands = files(join(root, 'src/commands'))
  expect(commands.length).toBeGreaterThan(0)
  for (const file of [...commands, join(root, 'src/base-command.ts'), join(root, 'src/rehearsal-flags.ts')]) {
    const { module } = parseSync(file, readFileSync(file, 'utf8'))
    const loaded = module.staticImports
      .filter((one) => one.entries.some((entry) => !entry.isType))
      .map((one) => one.moduleRequest.value)
    for (const specifier of loaded) {
      expect(specifier).toMatch(
        /^@oclif\/core\/|(base-command|(rehearsal|watch|answer|keep)-flags?)\.js$|\/lib\/(errors|domain|terminal)\//,
      )
    }
  }
})
