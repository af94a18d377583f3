import type { Standing, StandingService } from '../../domain/standing.js'
import type { Findings, Found, ServiceFinding } from '../findings.js'

/** What runs, beside what the repository holds. */
export interface Matched {
  /** Those of the repository that run, with what the running ones say in place of what was guessed. */
  readonly findings: Findings
  /** By the service's name: every service that runs. */
  readonly running: ReadonlyMap<string, StandingService>
  /** Those that run and are not in the repository. */
  readonly strangers: readonly StandingService[]
  readonly notes: readonly string[]
}

/** Puts together what serves and what the repository holds. What does not serve is no part of this environment. */
export function matchStanding(findings: Findings, standing: Standing): Matched {
  const left = [...findings.services]
  const pairs = standing.services.map((service) => {
    const [best] = left
      .map((finding) => ({ finding, score: likeness(finding, service, findings.app) }))
      .filter(({ score }) => score > 0)
      .toSorted((one, other) => other.score - one.score)
    // One of each is the same, whatever they are called.
    const only = standing.services.length === 1 && left.length === 1 ? left[0] : undefined
    const finding = best?.finding ?? only
    if (finding !== undefined) left.splice(left.indexOf(finding), 1)
    return { service, finding }
  })
  const strangers = pairs.flatMap(({ service, finding }) => (finding === undefined ? [service] : []))
  return {
    findings: {
      ...findings,
      services: pairs.flatMap(({ service, finding }) => (finding === undefined ? [] : [merged(finding, service)])),
    },
    running: new Map(standing.services.map((service) => [service.name, service])),
    strangers,
    notes: [
      ...strangers.map(
        ({ name, image }) =>
          `${name} runs ${image}, and nothing here is built into it: write its context into rampart.yml`,
      ),
      ...left.map(({ name }) => `${name} is in this repository and does not run in ${standing.from}: it is left out`),
    ],
  }
}

const partsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')

/** How much a service of the repository looks like one that runs; 0 when nothing speaks for it. */
function likeness(finding: ServiceFinding, { name, repository, port }: StandingService, app: string): number {
  const repositoryParts = partsOf(repository)
  const own = partsOf(finding.name).filter((part) => !partsOf(app).includes(part))
  const isNamed = own.length > 0 && own.every((part) => repositoryParts.includes(part) || partsOf(name).includes(part))
  return (
    (finding.name === name ? 8 : 0) +
    (isNamed ? 4 : 0) +
    (repository === app || repository === `${app}-${finding.name}` || repository === `${app}/${finding.name}` ? 2 : 0) +
    (port !== undefined && finding.port?.value === port ? 1 : 0)
  )
}

const found = <T>(value: T, place: string): Found<T> => ({ value, place })

/** What is really asked and listened on stands before what the code lets expect. */
function merged(finding: ServiceFinding, { name, port, health }: StandingService): ServiceFinding {
  const path = health?.path
  // A target group that asks whether the models are loaded does not tell where the process itself says that it lives.
  // What the image's own check asks is the better answer to whether the models are loaded, when it is another path.
  const asksMore = finding.ready === undefined && finding.models.models.length > 0 && finding.live?.value !== path
  const isReady = path !== undefined && path === finding.ready?.value && finding.live !== undefined
  return {
    ...finding,
    name,
    ...(port !== undefined && { port: found(port, 'as it runs') }),
    ...(path !== undefined && asksMore && finding.live !== undefined && { ready: finding.live }),
    ...(path !== undefined && !isReady && { live: found(path, health?.place ?? '') }),
  }
}
