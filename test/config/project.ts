import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import type { Config } from '../../src/lib/config/index.js'
import { formatPlace, RampartError } from '../../src/lib/errors/rampart-error.js'

/** A directory with these files, removed when the test is over. */
export function project(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rampart-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  return directory
}

/** The Auto Scaling group that a configuration names. */
export function groupOf({ environment }: Pick<Config, 'environment'>): string | undefined {
  return environment.target.kind === 'asg' ? environment.target.group : undefined
}

/** The files that {@link small} and {@link complete} name. */
export const contextFiles = {
  'Dockerfile.app': '',
  'backend/Dockerfile.app': '',
  'backend/Dockerfile.base': '',
  'backend/requirements.txt': '',
} as const

export const small = `app: demo
services:
  web:
    repository: demo-web
environments:
  production:
    region: us-west-2
    target: { kind: asg, group: demo-asg }
`

/** {@link small} for a cluster of ECS. */
export const ecs = small.replace(
  '{ kind: asg, group: demo-asg }',
  '{ kind: ecs, cluster: demo, services: { web: { service: demo-web } } }',
)

export const complete = `app: demo
services:
  backend:
    context: backend
    dockerfile: Dockerfile.app
    base:
      dockerfile: Dockerfile.base
      repository: demo-backend-base
      tag: stable
      inputs: [requirements.txt]
      models:
        - { id: protectai/deberta-v3-base-prompt-injection-v2, revision: 89b085cd330414d3e7d9dd787870f315957e1e9f }
        - id: knowledgator/gliner-pii-edge-v1.0
          revision: 9b7f39b0a2da971a5beea78d35f1539d4009c891
          files: ["*.json"]
      platform: linux/arm64
      args: { PYTHON_VERSION: "3.12" }
    repository: demo-backend
    tags: [latest, "v{version}"]
    budget: 1.5MiB
    health: { live: /live, ready: /ready, port: 8000 }
    args: { MODE: "" }
    compression: zstd
    platform: linux/arm64
environments:
  production:
    default: true
    region: us-west-2
    registry: registry.example.com:5000
    target: { kind: asg, group: demo-asg }
    rollout:
      minHealthy: 50
      maxHealthy: 150
      warmup: 1m30s
      bake: 5m
      checkpoints: { at: [20, 100], delay: 10m }
      alarms: [demo-5xx, "demo latency"]
      timeout: 2h
      maxFailedStarts: 2
    logs: { group: /demo/production }
    release: { ledger: off, tags: [prod, 'v{version}'] }
    notify: [{ webhook: https://hooks.example.com/T0/B0, format: json, on: [failed] }]
  staging:
    region: eu-central-1
    target: { kind: asg, group: demo-staging }
`

export interface Given {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly environment?: string
  readonly files?: Readonly<Record<string, string | Uint8Array>>
}

/** Loads a rampart.yml of this text, in a directory that has {@link contextFiles}. */
export async function load(
  text: string | Uint8Array,
  { env = {}, environment, files = {} }: Given = {},
): Promise<Config> {
  const directory = project({ ...contextFiles, ...files, 'rampart.yml': text })
  return loadConfig({ path: join(directory, 'rampart.yml'), env, ...(environment !== undefined && { environment }) })
}

/** What loading failed with. */
export async function failure(text: string | Uint8Array, given: Given = {}): Promise<RampartError> {
  const error: unknown = await load(text, given).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RampartError)) throw new Error('loading did not fail with a RampartError', { cause: error })
  return error
}

/** The problems as lines of text, with file names alone. */
export async function report(text: string | Uint8Array, given: Given = {}): Promise<string> {
  const { problems } = await failure(text, given)
  return problems
    .map(({ place, message, hint }) => {
      const at = place === undefined ? '' : `${formatPlace({ ...place, file: place.file.replace(/^.*\//, '') })}: `
      return `${at}${message}\n  ${hint ?? '-'}`
    })
    .join('\n')
    .replaceAll(/relative to \S*rampart-config-\w+/g, 'relative to DIRECTORY')
}
