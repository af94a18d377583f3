import type { Findings, ServiceFinding } from './findings.js'
import type { Pin } from './render-types.js'

/** One line of what was found: `ok` for what is known, `warn` for what is missing or wrong, `detail` for more about it. */
export interface Line {
  readonly sign: 'title' | 'ok' | 'warn' | 'detail'
  readonly text: string
}

const at = (directory: string): string => (directory === '' ? 'the top of the repository' : `${directory}/`)

/** What was found, in lines for a person. */
export function describeFindings(findings: Findings, pins: ReadonlyMap<string, Pin>): readonly Line[] {
  const count = findings.services.length
  return [
    { sign: 'title', text: `${findings.app}: ${count} ${count === 1 ? 'service' : 'services'}` },
    ...findings.services.flatMap((service) => describeService(service, pins)),
  ]
}

const ok = (text: string): Line => ({ sign: 'ok', text })
const warn = (text: string): Line => ({ sign: 'warn', text })

function describeService(service: ServiceFinding, pins: ReadonlyMap<string, Pin>): readonly Line[] {
  const { dependencies, node, serving, port, live, ready, dockerfiles, models, defects } = service
  const files = [dockerfiles.whole, dockerfiles.base, dockerfiles.app].flatMap((facts) => facts?.path ?? [])
  const what =
    node !== undefined ? 'Node' : serving === undefined ? service.kind : `${service.kind}, ${serving.framework}`
  return [
    { sign: 'title', text: `${service.name} (${what}) at ${at(service.context)}` },
    files.length > 0 ? ok(`Dockerfile    ${files.join(', ')}`) : warn('Dockerfile    none yet'),
    ...(dependencies === undefined ? [] : [ok(`dependencies  ${dependencies.files.join(', ')}`)]),
    ...(node === undefined
      ? []
      : [
          node.lock === undefined
            ? warn('dependencies  package.json without a lock file')
            : ok(`dependencies  ${node.lock}`),
        ]),
    port === undefined ? warn('port          not found') : ok(`port          ${port.value} (${port.place})`),
    live === undefined
      ? warn('health        no route found that says whether it lives')
      : ok(`health        ${live.value} (${live.place})`),
    ...(ready === undefined ? [] : [ok(`ready         ${ready.value} (${ready.place})`)]),
    ...models.models.map((model) => {
      const commit = model.revision ?? pins.get(model.id)?.commit
      const pinned =
        commit === undefined
          ? 'no commit known'
          : `at ${commit.slice(0, 12)}${model.revision === undefined ? ', as the hub says now' : ''}`
      const line = `model         ${model.id} ${pinned} (${model.places.slice(0, 3).join(', ')})`
      return commit === undefined ? warn(line) : ok(line)
    }),
    ...models.unresolved.map((place) => warn(`model         at ${place}, whose id is made while the program runs`)),
    ...defects.flatMap((defect): readonly Line[] => [
      warn(`${defect.place}: ${defect.what}`),
      { sign: 'detail', text: `${defect.mend}; saves ${defect.saves}` },
    ]),
  ]
}
