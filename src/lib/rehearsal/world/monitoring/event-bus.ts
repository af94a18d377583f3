import type { WorldState } from '../state.js'
import { matchesPattern, type Pattern } from './event-pattern.js'
import { tell } from './topics.js'

/** A rule of the default event bus. */
export interface EventRule {
  readonly name: string
  readonly arn: string
  readonly createdBy: string
  description: string | undefined
  pattern: string | undefined
  schedule: string | undefined
  state: 'ENABLED' | 'DISABLED'
  targets: { readonly Id: string; readonly Arn: string }[]
  tags: readonly { readonly Key: string; readonly Value: string }[]
}

/** What happened, as a service of AWS tells it to EventBridge. */
interface Happening {
  readonly source: string
  readonly type: string
  readonly resources: readonly string[]
  readonly detail: Readonly<Record<string, unknown>>
}

/** Notes an event and brings it to the targets of the rules that want it. */
export function happen(world: WorldState, { source, type, resources, detail }: Happening): void {
  world.notices.push({ at: world.now, type, detail })
  const { region, accountId } = world.setup
  const id = `11111111-0000-4000-8000-${String(world.notices.length).padStart(12, '0')}`
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
  const event = {
    version: '0',
    id,
    'detail-type': type,
    source,
    account: accountId,
    time: new Date(world.now).toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources,
    detail,
  }
  for (const rule of world.eventRules) {
    if (rule.state !== 'ENABLED' || rule.pattern === undefined) continue
    if (!matchesPattern(JSON.parse(rule.pattern) as Pattern, event)) continue
    for (const { Arn } of rule.targets) {
      const isTold = tell(world, 'events', Arn, { subject: undefined, body: JSON.stringify(event) })
      const name = isTold ? 'Invocations' : 'FailedInvocations'
      world.metrics.add({ namespace: 'AWS/Events', name, dimensions: { RuleName: rule.name } }, world.now, [1])
    }
  }
}
