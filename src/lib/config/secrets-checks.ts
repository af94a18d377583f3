import type { Path } from './document.js'
import { quoted, suggest, valueAt } from './explain.js'
import type { Report } from './target-checks.js'

const keysOf = (data: unknown, path: Path): readonly string[] => {
  const value = valueAt(data, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

/** What of an environment's `secrets:` can be wrong between several values. */
export function checkSecrets(data: unknown, environment: Path, report: Report): void {
  const services = keysOf(data, ['services'])
  for (const service of keysOf(data, [...environment, 'secrets', 'services'])) {
    const at = [...environment, 'secrets', 'services', service]
    if (!services.includes(service)) {
      const near = suggest(service, services)
      const hint = near === undefined ? `The app has: ${quoted(services)}` : `Did you mean \`${near}\`?`
      report(at, 'is no service of this app', hint, 'key')
    }
    for (const variable of keysOf(data, at)) {
      const stated = valueAt(data, [...environment, 'infra', 'services', service, 'secrets', variable])
      if (stated === undefined || stated === valueAt(data, [...at, variable])) continue
      report([...at, variable], 'is another one under `infra`', 'Keep the one under `infra`: the stack is made of it')
    }
  }
}
