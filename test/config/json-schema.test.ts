import { readFileSync } from 'node:fs'
import { Ajv, type AnySchema } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configJsonSchema } from '../../src/lib/config/json-schema.js'
import { complete, load, small } from './project.js'

const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false }).compile(configJsonSchema() as AnySchema)

/** What the schema says of a file, as an editor would show it. */
function refusals(text: string): readonly string[] {
  if (validate(parse(text, { merge: true })) === true) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const example = readFileSync('examples/rampart-ai/rampart.yml', 'utf8')

describe('the JSON Schema of rampart.yml', () => {
  test('is the one in the package', () => {
    const published: unknown = JSON.parse(readFileSync('schemas/rampart.schema.json', 'utf8'))
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())))
  })

  test.each([
    ['the smallest file', small],
    ['a complete one', complete],
    ['the example', example],
    [
      'variables everywhere',
      complete
        .replace('minHealthy: 50', 'minHealthy: ${LEAST}')
        .replace('bake: 5m', 'bake: ${BAKE:-5m}')
        .replace('default: true', 'default: ${DEFAULT}')
        .replace('compression: zstd', 'compression: ${PACK}')
        .replace('region: us-west-2', 'region: ${REGION}'),
    ],
    ['anchors', `x-any: &r { bake: 1m }\n${small}    rollout: { <<: *r }\n`],
  ])('accepts %s', async (_, text) => {
    expect(refusals(text)).toEqual([])
    const env = { LEAST: '50', BAKE: '1m', DEFAULT: 'true', PACK: 'gzip', REGION: 'us-west-2' }
    const files = Object.fromEntries(['base', 'app'].map((kind) => [`frontend/Dockerfile.${kind}`, '']))
    const inputs = { 'backend/models.json': '', 'backend/fetch_models.py': '', 'frontend/package.json': '' }
    const given = { env, environment: 'production', files: { ...files, ...inputs, 'frontend/package-lock.json': '' } }
    expect((await load(text, given)).environment.name).toBe('production')
  })

  test.each([
    ['a missing key', small.replace('app: demo\n', '')],
    ['a missing repository', small.replace('    repository: demo-web\n', '    context: .\n')],
    ['a missing target', small.replace('    target: { kind: asg, group: demo-asg }\n', '')],
    ['an unknown key', `${small}colour: blue\n`],
    ['an unknown key deep inside', `${small}    rollout: { warm_up: 3m }\n`],
    ['no services', small.replace('  web:\n    repository: demo-web\n', '').replace('services:', 'services: {}')],
    ['a name that can not be', small.replace('web:', 'Web UI:')],
    ['an empty part', `${small}    logs:\n`],
    ['a number without a unit', complete.replace('bake: 5m', 'bake: 300')],
    ['a unit that is none', complete.replace('bake: 5m', 'bake: 5min')],
    ['a percentage out of range', complete.replace('maxHealthy: 150', 'maxHealthy: 250')],
    ['a fraction', complete.replace('port: 8000', 'port: 80.5')],
    ['a number in quotes', complete.replace('port: 8000', 'port: "8000"')],
    ['a word for a truth', complete.replace('default: true', 'default: yes')],
    ['a number for a text', complete.replace('"3.12"', '3.12')],
    ['a text for a list', complete.replace('[latest, "v{version}"]', 'latest')],
    ['too many alarms', complete.replace('alarms: [', `alarms: [${'a,'.repeat(9)}`)],
    ['another choice', complete.replace('zstd', 'brotli')],
    ['a platform that there is not', small.replace('kind: asg', 'kind: eks')],
    ['keys of another kind', small.replace('kind: asg', 'kind: ecs')],
    ['a cluster without services', small.replace('{ kind: asg, group: demo-asg }', '{ kind: ecs, cluster: demo }')],
    ['a registry in a repository', small.replace('demo-web', 'registry.example.com:5000/demo')],
    ['a model that is not pinned', complete.replace('89b085cd330414d3e7d9dd787870f315957e1e9f', 'main')],
  ])('refuses %s, as the loader does', async (_, text) => {
    expect(refusals(text)).not.toEqual([])
    await expect(load(text, { environment: 'production' })).rejects.toMatchObject({ kind: 'usage' })
  })

  test('explains every value', () => {
    const bare: string[] = []
    const visit = (schema: unknown, at: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      const { description, properties, items, additionalProperties } = schema as Record<string, unknown>
      if (typeof description !== 'string' || description === '') bare.push(at)
      for (const [key, child] of Object.entries(properties ?? {})) visit(child, `${at}.${key}`)
      visit(items, `${at}[]`)
      visit(additionalProperties, `${at}.*`)
    }
    visit(configJsonSchema(), '')
    expect(bare).toEqual([])
  })
})
