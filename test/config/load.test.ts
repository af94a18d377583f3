import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findConfig, loadConfig } from '../../src/lib/config/index.js'
import { complete, contextFiles, failure, groupOf, load, project, report, small } from './project.js'

describe('what a file comes to', () => {
  test('a complete one', async () => {
    const config = await load(complete)
    const context = join(config.directory, 'backend')
    expect(config.path).toBe(join(config.directory, 'rampart.yml'))
    expect(config.environments).toEqual(['production', 'staging'])
    expect(config.services).toEqual([
      {
        name: 'backend',
        context,
        dockerfile: join(context, 'Dockerfile.app'),
        base: {
          dockerfile: join(context, 'Dockerfile.base'),
          repository: 'demo-backend-base',
          tag: 'stable',
          inputs: ['requirements.txt'],
          models: [
            {
              id: 'protectai/deberta-v3-base-prompt-injection-v2',
              revision: '89b085cd330414d3e7d9dd787870f315957e1e9f',
              provide: 'dockerfile',
            },
            {
              id: 'knowledgator/gliner-pii-edge-v1.0',
              revision: '9b7f39b0a2da971a5beea78d35f1539d4009c891',
              files: ['*.json'],
              provide: 'dockerfile',
            },
          ],
          platform: 'linux/arm64',
          args: { PYTHON_VERSION: '3.12' },
          tags: [],
          prove: [],
        },
        repository: 'demo-backend',
        tags: ['latest', 'v{version}'],
        budget: 1_572_864,
        health: { live: '/live', ready: '/ready', port: 8000 },
        args: { MODE: '' },
        compression: 'zstd',
        platform: 'linux/arm64',
      },
    ])
    expect(config.environment).toEqual({
      name: 'production',
      region: 'us-west-2',
      registry: 'registry.example.com:5000',
      target: { kind: 'asg', group: 'demo-asg' },
      rollout: {
        minHealthy: 50,
        maxHealthy: 150,
        warmup: 90_000,
        bake: 300_000,
        checkpoints: { at: [20, 100], delay: 600_000 },
        alarms: ['demo-5xx', 'demo latency'],
        timeout: 7_200_000,
        maxFailedStarts: 2,
      },
      logs: { group: '/demo/production' },
      release: { ledger: false, tags: ['prod', 'v{version}'] },
      secrets: { uses: [] },
      notify: [{ webhook: 'https://hooks.example.com/T0/B0', format: 'json', on: ['failed'] }],
    })
  })

  test('the smallest one, with its defaults', async () => {
    const { directory, services, environment } = await load(small)
    expect(services).toEqual([
      {
        name: 'web',
        context: directory,
        dockerfile: join(directory, 'Dockerfile.app'),
        repository: 'demo-web',
        tags: ['latest', '{version}'],
        budget: 100_000_000,
        args: {},
        compression: 'gzip',
        platform: 'linux/amd64',
      },
    ])
    expect(environment).toEqual({
      name: 'production',
      region: 'us-west-2',
      target: { kind: 'asg', group: 'demo-asg' },
      rollout: { minHealthy: 100, maxHealthy: 200, bake: 0, alarms: [], timeout: 'auto', maxFailedStarts: 3 },
      release: { ledger: true, tags: ['v{version}'] },
      secrets: { uses: [] },
      notify: [],
    })
  })

  test('it is frozen to its last part', async () => {
    const { services, environment } = await load(complete)
    expect(Object.isFrozen(services[0]?.base?.models[1]?.files)).toBe(true)
    expect(Object.isFrozen(environment.rollout.checkpoints?.at)).toBe(true)
  })

  test('a lower minHealthy lowers the default of maxHealthy', async () => {
    const { environment } = await load(`${small}    rollout: { minHealthy: 50 }\n`)
    expect(environment.rollout).toMatchObject({ minHealthy: 50, maxHealthy: 150 })
  })

  test('ready is live where it is left out', async () => {
    const { services } = await load(small.replace('demo-web', 'demo-web\n    health: { live: /up, port: 80 }'))
    expect(services[0]?.health).toEqual({ live: '/up', ready: '/up', port: 80 })
  })

  test('a byte order mark and Windows line ends change nothing', async () => {
    const { environment } = await load(`\uFEFF${small.replaceAll('\n', '\r\n')}`)
    expect(groupOf({ environment })).toBe('demo-asg')
  })
})

describe('the environment that is meant', () => {
  const two = `${small}  staging:\n    region: eu-west-1\n    target: { kind: asg, group: staging-asg }\n`

  test('the only one, the named one, the default one', async () => {
    expect((await load(small)).environment.name).toBe('production')
    expect(groupOf(await load(two, { environment: 'staging' }))).toBe('staging-asg')
    expect((await load(`${two}    default: true\n`)).environment.name).toBe('staging')
    expect((await load(complete, { environment: 'staging' })).environment.region).toBe('eu-central-1')
  })

  test('none of several, and one that is not there', async () => {
    expect(await report(two)).toBe(
      'rampart.yml:5:1: There are several environments, and none is the default\n' +
        '  Choose one of `production`, `staging` with --env, or write `default: true` in one of them',
    )
    expect(await report(two, { environment: 'prodution' })).toBe(
      'rampart.yml:5:1: There is no environment `prodution`\n' +
        '  Did you mean `production`? There are: `production`, `staging`',
    )
  })

  test('two defaults', async () => {
    const text = two.replace('region: us-west-2', 'default: true\n    region: us-west-2')
    expect(await report(`${text}    default: true\n`)).toContain(
      '`environments.staging.default` is true, and so is that of `production`',
    )
  })
})

const group = (value: string): string =>
  small.replace('{ kind: asg, group: demo-asg }', `\n      kind: asg\n      group: ${value.replaceAll('$', '$$$$')}`)

describe('variables', () => {
  test('come from the environment first, then from .env, and stay as they are', async () => {
    const tricky = String.raw`a 'b' "c" $d \e #f`
    const files = { '.env': "GROUP=from-file\nOTHER='from file'\n" }
    expect(groupOf(await load(group('${GROUP}'), { files }))).toBe('from-file')
    const config = await load(group('"${GROUP} ${OTHER}"'), { files, env: { GROUP: tricky } })
    expect(groupOf(config)).toBe(`${tricky} from file`)
    expect(config.interpolated).toEqual(new Set([tricky, 'from file']))
    expect(groupOf(await load(group('${GROUP}'), { files, env: { GROUP: undefined } }))).toBe('from-file')
  })

  test('a value from the environment is never read as YAML or as a variable again', async () => {
    const { environment } = await load(group('${GROUP}'), { env: { GROUP: '[x] ${HOME} $$ # \n' } })
    expect(groupOf({ environment })).toBe('[x] ${HOME} $$ # \n')
  })

  test('can stand for numbers and booleans', async () => {
    const text = `${small}    default: \${ON}\n    rollout: { minHealthy: "\${LEAST}", maxFailedStarts: '1\${ZERO}' }\n`
    const { environment } = await load(text, { env: { ON: 'true', LEAST: '50', ZERO: '0' } })
    expect(environment.rollout).toMatchObject({ minHealthy: 50, maxFailedStarts: 10 })
    expect(await report(text, { env: { ON: 'maybe', LEAST: '50%', ZERO: '0' } })).toContain('not the value of ${ON}')
  })

  test('a default is no secret', async () => {
    expect((await load(group('${GROUP:-demo}'))).interpolated).toEqual(new Set())
  })

  test('one that is not set is one problem, at its own place', async () => {
    expect(await report(group('"demo-${GROUP}"'))).toBe(
      'rampart.yml:10:20: The variable GROUP is not set\n' +
        '  Export it, put `GROUP=…` into .env beside the file, or give a default: `${GROUP:-default}`',
    )
  })

  test('what only another environment needs may be missing', async () => {
    const text = `${small}  staging:\n    region: \${STAGING_REGION}\n    target: { kind: asg, group: "\${A}" }\n`
    expect((await load(text, { environment: 'production' })).environment.name).toBe('production')
    expect(await report(text, { environment: 'staging' })).toContain('rampart.yml:10:13: The variable STAGING_REGION')
  })

  test('never show up in a problem', async () => {
    const text = group('"${SECRET}"').replace('region: us-west-2', 'region: ${SECRET}')
    const error = await failure(text, { files: { '.env': 'SECRET="hunter2: swordfish"\nbroken hunter2\n' } })
    expect(error.problems.length).toBeGreaterThan(1)
    expect(JSON.stringify([error.message, error.problems, error.next])).not.toMatch(/hunter2|swordfish/)
    expect(error.problems.at(-1)?.message).toContain('not the value of ${SECRET}')
  })

  test('nor does what would have been right instead', async () => {
    const text = small.replace('us-west-2', '${SECRET}').replace('demo-web', '${SECRET}')
    const error = await failure(text, { env: { SECRET: 'Sword-Fish' } })
    expect(error.problems).toHaveLength(2)
    expect(JSON.stringify(error.problems)).not.toMatch(/sword-fish/i)
  })

  test('the region falls back to the environment', async () => {
    const text = small.replace('    region: us-west-2\n', '')
    expect((await load(text, { env: { AWS_REGION: 'eu-west-1' } })).environment.region).toBe('eu-west-1')
    expect((await load(text, { files: { '.env': 'AWS_DEFAULT_REGION=eu-west-2' } })).environment.region).toBe(
      'eu-west-2',
    )
    expect(await report(text)).toBe(
      'rampart.yml:6:3: `environments.production.region` is missing\n' +
        '  Add `region: us-west-2`. The AWS region; AWS_REGION when left out.',
    )
  })

  test('a virtual environment called .env is not read', async () => {
    const directory = project({ ...contextFiles, 'rampart.yml': small })
    mkdirSync(join(directory, '.env'))
    expect((await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })).app).toBe('demo')
  })
})

describe('anchors', () => {
  test('aliases, merges and free keys at the top', async () => {
    const text = `x-rollout: &rollout
  minHealthy: 50
  bake: 1m
  warmup: \${WARMUP:-9s}
x-more: &more { bake: 2m, maxFailedStarts: 9 }
${small}    rollout: { <<: [*rollout, *more], warmup: &w 5s }
    logs: &logs { group: /demo }
  staging:
    region: eu-west-1
    target: { kind: asg, group: other }
    rollout: { warmup: *w }
    logs: *logs
`
    const { rollout } = (await load(text, { environment: 'production' })).environment
    expect(rollout).toMatchObject({ minHealthy: 50, bake: 60_000, warmup: 5000, maxFailedStarts: 9 })
    const staging = (await load(text, { environment: 'staging' })).environment
    expect(staging).toMatchObject({ rollout: { warmup: 5000 }, logs: { group: '/demo' } })
  })

  test('a problem in an anchored value stands once, where it was written', async () => {
    const text = `${small}    rollout: &r { bake: 5 }\n  staging:\n    region: eu-west-1\n    target: { kind: asg, group: g }\n    rollout: { <<: *r }\n`
    expect((await failure(text, { environment: 'staging' })).problems.map(({ place }) => place?.line)).toEqual([9, 9])
  })

  test('loops, and aliases that blow up, end in a problem', async () => {
    expect(await report(`app: &a [*a]\n`)).toContain('stands inside what it repeats')
    expect(await report(`x-a: 1\napp: &a { <<: *a }\n`)).toContain('`<<` takes a map')
    const bomb = Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`)
    expect(await report(`a0: &a0 [1]\n${bomb.join('\n')}\n`)).toContain('The file holds too many values')
  })
})

describe('files that can not be read', () => {
  test('none', async () => {
    const directory = project({})
    await expect(loadConfig({ path: join(directory, 'rampart.yml'), env: {} })).rejects.toMatchObject({
      kind: 'usage',
      next: ['Name the file with --config <path>'],
    })
  })

  test('not UTF-8', async () => {
    await expect(load(Uint8Array.of(0xff, 0xfe, 0))).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('not UTF-8'),
    })
  })

  test('for any other reason', async () => {
    await expect(loadConfig({ path: join(project({}), 'x'.repeat(300)), env: {} })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(/can not be read: ENAMETOOLONG$/),
    })
  })
})

describe('finding the file', () => {
  test('in the directory or above it, with either ending', () => {
    const directory = project({ 'rampart.yml': '', 'a/b/file': '', 'a/c/rampart.yaml': '' })
    expect(findConfig(directory)).toBe(join(directory, 'rampart.yml'))
    expect(findConfig(join(directory, 'a/b'))).toBe(join(directory, 'rampart.yml'))
    expect(findConfig(join(directory, 'a/c'))).toBe(join(directory, 'a/c/rampart.yaml'))
  })

  test('neither none nor two', () => {
    const directory = project({ 'rampart.yml': '', 'rampart.yaml': '' })
    expect(() => findConfig(directory)).toThrow(/both/)
    expect(() => findConfig('/')).toThrow(/There is no rampart.yml in \//)
  })
})
