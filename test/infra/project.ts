import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../support/cli.js'
import { ownStack, temporaryDirectory } from '../support/project.js'

const sections = {
  'rampart-ai': `
    infra:
      stack: rampart-production
      https: { certificate: "CERTIFICATE" }
      instance: { type: c7i.xlarge }
      warmPool: { min: 1 }
      modelCache: { path: /app/.cache/huggingface }
      services:
        backend:
          paths: ["/api/*"]
          env: { LOG_LEVEL: info }
          secrets: { DATABASE_URL: "rampart/production/database#url" }
      alarms: { email: operations@example.com }`,
  'finbert-rag': `
    infra:
      stack: finbert-production
      https: { certificate: "CERTIFICATE" }
      modelCache: { path: /app/.cache/huggingface }
      services:
        api:
          paths: ["/search/*", "/health"]
          cpu: 2048
          memory: 8192
          secrets: { ES_HOST: "finbert-rag/elasticsearch/credentials#host" }`,
} as const

/** A copy of an example that has a stack of its own; without a certificate, one that has none. */
export async function infraProject(
  example: keyof typeof sections,
  certificate: string | undefined,
): Promise<{
  readonly config: string
  readonly edit: (from: string, to: string) => Promise<void>
}> {
  const directory = await temporaryDirectory('infra')
  await cp(join(root, 'examples', example), directory, { recursive: true })
  const config = join(directory, 'rampart.yml')
  const edit = async (from: string, to: string): Promise<void> => {
    const text = await readFile(config, 'utf8')
    if (!text.includes(from)) throw new Error(`rampart.yml does not hold ${from}`)
    await writeFile(config, text.replace(from, to))
  }
  // The test has its own.
  const text = await readFile(config, 'utf8')
  await writeFile(config, text.replace(ownStack, ''))
  if (certificate === undefined) return { config, edit }
  await edit('  production:\n', `  production:${sections[example].replace('CERTIFICATE', certificate)}\n`)
  return { config, edit }
}
