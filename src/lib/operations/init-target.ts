import { RampartError } from '../errors/rampart-error.js'
import type { Findings } from '../init/findings.js'
import type { PlannedTarget } from '../init/plan.js'
import type { InitAsker } from './init.js'

/** What the flags say of where an app will run; what they leave out follows from its name. */
export interface TargetWish {
  readonly target?: 'asg' | 'ecs' | undefined
  /** An Auto Scaling group. */
  readonly group?: string | undefined
  /** An ECS cluster. */
  readonly cluster?: string | undefined
  /** ECS services, each as `NAME=SERVICE` with the name of one of the app. */
  readonly ecsServices?: readonly string[] | undefined
}

interface About {
  readonly app: string
  readonly environment: string
  readonly services: Findings['services']
}

const groupProblem = (text: string): string | undefined =>
  /^[^:\0\r\n]{1,255}$/.test(text) ? undefined : 'the exact name of an Auto Scaling group, without `:`'

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html: the same for a cluster.
const ecsProblem = (text: string): string | undefined =>
  /^[\w-]{1,255}$/.test(text) ? undefined : 'letters, digits, - and _'

function wrong(what: string, value: string, hint: string): never {
  throw new RampartError('usage', `${value} is not ${what}.`, { next: [hint] })
}

const wantsEcs = ({ target, cluster, ecsServices = [] }: TargetWish): boolean =>
  target === 'ecs' || cluster !== undefined || ecsServices.length > 0

/** Rejects what no platform would take, before anything is looked at. */
export function checkWish(wish: TargetWish): void {
  const { target, group, cluster } = wish
  if (group !== undefined && groupProblem(group) !== undefined)
    wrong('the name of an Auto Scaling group', group, 'use its exact name')
  if (cluster !== undefined && ecsProblem(cluster) !== undefined)
    wrong('the name of an ECS cluster', cluster, 'use letters, digits, - and _')
  namedServices(wish)
  if (wantsEcs(wish) && (target === 'asg' || group !== undefined)) {
    throw new RampartError('usage', 'An Auto Scaling group and ECS are both named.', {
      next: ['--group NAME for a group, --cluster NAME and --ecs-service NAME=SERVICE for ECS'],
    })
  }
}

/** By the service of the app: the ECS service that is named for it. */
function namedServices({ ecsServices = [] }: TargetWish): ReadonlyMap<string, string> {
  return new Map(
    ecsServices.map((text) => {
      const [, name, service] = /^([\w.-]+)=([\w-]{1,255})$/.exec(text) ?? []
      return name !== undefined && service !== undefined
        ? [name, service]
        : wrong('NAME=SERVICE', text, '--ecs-service api=shop-api')
    }),
  )
}

/** Where the app will run: what the flags and a person say, else names that follow from the app's. */
export async function chooseTarget(
  asker: InitAsker | undefined,
  wish: TargetWish,
  { app, environment, services }: About,
): Promise<PlannedTarget> {
  const isSaid = wantsEcs(wish) || wish.group !== undefined || wish.target !== undefined
  const kind =
    asker === undefined || isSaid
      ? wantsEcs(wish)
        ? 'ecs'
        : 'asg'
      : await asker.choose<'asg' | 'ecs'>(`Where does ${environment} run?`, [
          { value: 'asg', label: 'on EC2 instances of an Auto Scaling group' },
          { value: 'ecs', label: 'as services of ECS, on Fargate or EC2' },
        ])
  const text = async (question: string, initial: string, problem: typeof ecsProblem): Promise<string> =>
    asker === undefined ? initial : asker.text(question, initial, problem)
  if (kind === 'asg') {
    const initial = wish.group ?? `${app}-${environment}-asg`
    return { kind, group: await text(`Which Auto Scaling group is ${environment}?`, initial, groupProblem) }
  }
  const named = namedServices(wish)
  const names = services.map(({ name }) => name)
  const stranger = [...named.keys()].find((name) => !names.includes(name))
  if (stranger !== undefined) wrong('a service of this app', stranger, `it has: ${names.join(', ')}`)
  const cluster = await text(
    `Which ECS cluster is ${environment}?`,
    wish.cluster ?? `${app}-${environment}`,
    ecsProblem,
  )
  const placed: { readonly name: string; readonly service: string }[] = []
  for (const name of names) {
    const initial = named.get(name) ?? (name === app ? app : `${app}-${name}`)
    placed.push({ name, service: await text(`Which service of it runs ${name}?`, initial, ecsProblem) })
  }
  return { kind, cluster, services: placed }
}
