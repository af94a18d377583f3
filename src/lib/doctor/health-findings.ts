import type { Place } from '../errors/rampart-error.js'
import { portOf, probeOf } from '../shell/listening.js'
import { withVariables, type BuildStep } from './build-file.js'
import { findingAt, type Graded } from './outcome.js'
import type { ServiceFacts, WalkedService } from './service-files.js'

type Health = NonNullable<ServiceFacts['health']>

const at = (place: Place): string => `${place.file}:${place.line}`

const lastOf = <Kind extends BuildStep['kind']>(
  { all }: WalkedService,
  kind: Kind,
): Extract<BuildStep, { kind: Kind }> | undefined =>
  all.flatMap(({ steps }) => steps).findLast((step): step is Extract<typeof step, { kind: Kind }> => step.kind === kind)

/** Whether the image is asked what rampart.yml says that it answers, and where it says that it listens. */
export function healthMismatches(service: WalkedService): readonly Graded[] {
  const { health } = service.facts
  const start = missingStart(service)
  return health === undefined
    ? start
    : [
        ...start,
        ...probeMismatches(service, health),
        ...portMismatches(service, health),
        ...blindToModels(service, health),
      ]
}

/** What starts then is what the image below says: of images for Python and Node, an interpreter that ends at once. */
function missingStart(service: WalkedService): readonly Graded[] {
  const { app, base, facts } = service
  if (base === undefined || lastOf(service, 'start') !== undefined) return []
  const place = app.steps.findLast(({ kind }) => kind === 'from')?.place ?? { file: app.file.path, line: 1 }
  const detail = `nothing says how ${facts.name} is started: neither its Dockerfile nor that of its base has a CMD`
  return [{ result: 'warn', ...findingAt(place, detail, `let a CMD in ${app.file.path} start ${facts.name}`) }]
}

function probeMismatches(service: WalkedService, { live, ready, port }: Health): readonly Graded[] {
  const { app, facts } = service
  const check = lastOf(service, 'healthcheck')
  const url = `http://127.0.0.1:${port}${live}`
  if (check?.command === undefined) {
    const place = check?.place ??
      app.steps.findLast(({ kind }) => kind === 'from')?.place ?? { file: app.file.path, line: 1 }
    const detail = `${facts.name} has no HEALTHCHECK: Docker calls a container that hangs as good as one that answers`
    return [{ result: 'warn', ...findingAt(place, detail, `let a HEALTHCHECK in ${app.file.path} ask ${url}`) }]
  }
  const probe = probeOf(withVariables(check.command, app.after.environment))
  if (probe === undefined) return []
  const edit = `edit ${at(check.place)}: ask ${url}`
  const asks = `the HEALTHCHECK asks ${probe.path}`
  const wrong = (detail: string, remedy: string): readonly Graded[] => [
    { result: 'warn', ...findingAt(check.place, detail, remedy) },
  ]
  if (probe.path !== live && probe.path !== ready) {
    return wrong(`${asks}; rampart.yml says that ${facts.name} answers ${live}`, edit)
  }
  if (probe.port !== undefined && probe.port !== port) {
    return wrong(`the HEALTHCHECK asks port ${probe.port}; rampart.yml says ${port}`, edit)
  }
  if (probe.path === ready && ready !== live && !check.waits) {
    return wrong(
      `${asks}, which is 503 until the models are loaded: a container that loads counts as unhealthy`,
      `${edit}, or give --start-period the time that loading takes`,
    )
  }
  return []
}

function portMismatches(service: WalkedService, { port }: Health): readonly Graded[] {
  const { facts } = service
  const said = `services.${facts.name}.health.port is ${port}`
  for (const step of service.app.steps) {
    if (step.kind !== 'start') continue
    const listens = portOf(withVariables(step.command, service.app.after.environment))
    if (listens === undefined || listens === port) continue
    const detail = `the app is told to listen on ${listens}; ${said}: no target would ever be healthy`
    return [{ result: 'fail', ...findingAt(step.place, detail, `let ${at(step.place)} and ${said} agree`) }]
  }
  const expose = lastOf(service, 'expose')
  if (expose === undefined || expose.ports.includes(port)) return []
  const detail = `EXPOSE names ${expose.ports.join(', ')}; ${said}`
  return [{ result: 'warn', ...findingAt(expose.place, detail, `edit ${at(expose.place)}: EXPOSE ${port}`) }]
}

/** A path that answers while models load lets targets count that cannot serve. */
function blindToModels({ facts }: WalkedService, { live, ready }: Health): readonly Graded[] {
  if (facts.models.length === 0 || ready !== live) return []
  return [
    {
      result: 'warn',
      detail: `${facts.name} loads models, and nothing but ${live} says whether it is ready: a target counts before it can serve`,
      place: facts.configPath,
      remedy: `let a route answer 503 until the models are loaded, and name it in services.${facts.name}.health.ready of rampart.yml`,
    },
  ]
}
