import { isDeepStrictEqual } from 'node:util'
import { releases, type Name, type Step } from './steps.js'
import { fleetOf, isGood, World, type Fleet, type Letters, type Platform, type Run } from './world.js'

const services = ['api', 'ui'] as const

/** Calls that change what a fleet runs; making something that it could run is none of them. */
const moves =
  /^(?:startInstanceRefresh|rollbackInstanceRefresh|cancelInstanceRefresh|updateService|rollBackServiceDeployment|stopServiceDeployment)$/

const isGoodRelease = (letters: Letters): boolean => services.every((service) => isGood(letters[service]))

/** How often each thing has happened, so that nobody takes silence for success. */
export type Tally = Map<string, number>

/** Fails with both values, for whom the sequence alone would tell too little. */
function same(about: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${about}\n  found:  ${JSON.stringify(found)}\n  wanted: ${JSON.stringify(wanted)}`)
}

function holds(about: string, condition: boolean): void {
  if (!condition) throw new Error(about)
}

/** Where the way back ends: at what rampart did not release, or at what nobody saw to the end. */
type Below = 'nothing' | 'unknown'

/**
 * What should serve, as far as anybody can know. While something may be under way that is a choice: each service is on
 * one of those letters.
 */
class Expected {
  /** Undefined until it is known which of the possible ones it is. */
  settled: Fleet | undefined
  readonly possible: Readonly<Record<'api' | 'ui', Set<string>>>
  /** What was proved to serve, each on what it replaced; the last one serves. */
  path: Name[] = []
  below: Below = 'nothing'
  /** Whether deploys are held since a rollback. */
  held: 'yes' | 'no' | 'maybe' = 'no'

  constructor(fleet: Fleet) {
    this.settled = fleet
    this.possible = { api: new Set(fleet.api), ui: new Set(fleet.ui) }
  }

  /** All of it is this. */
  is(fleet: Fleet): void {
    this.settled = fleet
    for (const service of services) {
      this.possible[service].clear()
      for (const letter of fleet[service]) this.possible[service].add(letter)
    }
  }

  /** Some of it, or all, may be of this release, now or after a while. */
  mayBe(letters: Letters): void {
    this.settled = undefined
    this.path = []
    this.below = 'unknown'
    for (const service of services) if (isGood(letters[service])) this.possible[service].add(letters[service])
  }

  serves(name: Name): void {
    this.is(fleetOf(releases[name]))
    if (this.path.at(-1) !== name) this.path.push(name)
  }
}

/** Plays a sequence to its end, and fails when anything else serves than should. */
export async function play(
  platform: Platform,
  directory: string,
  steps: readonly Step[],
  tally: Tally = new Map(),
): Promise<void> {
  const world = new World(platform)
  await world.open(directory)
  try {
    await new Player(world, tally).play(steps)
  } finally {
    await world.close()
  }
}

class Player {
  readonly #world: World
  readonly #tally: Tally
  readonly #expected: Expected

  constructor(world: World, tally: Tally) {
    this.#world = world
    this.#tally = tally
    this.#expected = new Expected(world.fleet())
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step)
    await this.#end()
  }

  async #take(step: Step): Promise<void> {
    const world = this.#world
    const alone = this.#expected.settled !== undefined
    switch (step.kind) {
      case 'deploy': {
        const { name, how, waits } = step
        return this.#deployed(name, await world.deploy(releases[name], { waits, ...how }), alone)
      }
      case 'pair': {
        const { first, second, at } = step
        let other: Promise<Run> | undefined
        const begin = (): void => {
          other = world.deploy(releases[second], {})
        }
        const run = await world.deploy(releases[first], { at: { call: at, run: begin } })
        if (other === undefined) return this.#deployed(first, run, alone)
        return this.#together([first, second], [run, await other], alone)
      }
      case 'rest':
        return this.#rest()
    }
  }

  /** Checks how a run ended and what it left. `alone`: nobody else was at work, and nothing was under way. */
  #deployed(name: Name, run: Run, alone: boolean): void {
    const { ended, fleet } = run
    const letters = releases[name]
    const expected = this.#expected
    const ending = this.#count('deploy', run)
    const about = `deploy ${name} ended ${ending}: ${ended === 'died' ? '' : `${ended.message} ${(ended.problems ?? []).join('; ')}`}`
    switch (ending) {
      case 'died':
      case 'unknown':
        return expected.mayBe(letters)
      case 'done':
        holds(about, isGoodRelease(letters))
        same(about, fleet, fleetOf(letters))
        return expected.serves(name)
      case 'rolledBack':
        holds(about, !isGoodRelease(letters))
        if (alone) same(about, fleet, expected.settled)
        this.#noneBad(about, fleet)
        return expected.is(fleet)
      case 'conflict':
        holds(about, !alone)
        return this.#changedNothing(about, run)
      case 'interrupted':
        return this.#changedNothing(about, run)
      default:
        throw new Error(about)
    }
  }

  /** Two at once: one goes on. */
  #together(names: readonly [Name, Name], runs: readonly [Run, Run], alone: boolean): void {
    const endings = runs.map(({ ended }) => (ended === 'died' ? 'died' : ended.ending))
    const about = `${names[0]} ended ${endings[0]}, ${names[1]} beside it ${endings[1]}`
    if (alone)
      holds(
        about,
        endings.some((ending) => ending !== 'conflict'),
      )
    // Who had nothing to do leaves the lock to others; of two that roll, one does.
    const rolled = runs.filter(({ process }) => process.made.some((call) => moves.test(call)))
    if (names[0] !== names[1]) holds(`both rolled: ${about}`, rolled.length < 2)
    for (const place of [0, 1] as const) this.#deployed(names[place], runs[place], false)
  }

  #count(what: string, { ended }: Run): string {
    const ending = ended === 'died' ? 'died' : ended.ending
    const key = `${what} ${ending}`
    this.#tally.set(key, (this.#tally.get(key) ?? 0) + 1)
    return ending
  }

  #changedNothing(about: string, { process }: Run): void {
    same(
      about,
      process.made.filter((call) => moves.test(call)),
      [],
    )
  }

  #noneBad(about: string, fleet: Fleet): void {
    same(
      about,
      services.flatMap((service) => fleet[service]).filter((letter) => !isGood(letter)),
      [],
    )
  }

  /** Lets everything come to rest. Then what serves is known, and it is one of the possible. */
  async #rest(): Promise<void> {
    const expected = this.#expected
    await this.#world.rest()
    const fleet = this.#world.fleet()
    const about = `at rest ${JSON.stringify(fleet)}`
    this.#noneBad(about, fleet)
    if (expected.settled !== undefined) same(about, fleet, expected.settled)
    for (const service of services) {
      const [letter = ''] = fleet[service]
      // A platform leaves no service half-way.
      same(about, fleet[service], [letter, letter])
      holds(`${about}, but ${[...expected.possible[service]].join()}`, expected.possible[service].has(letter))
    }
    expected.is(fleet)
  }

  /** However it went: the next release serves, the lock is free, and the ledger tells of it. */
  async #end(): Promise<void> {
    await this.#rest()
    const name = this.#expected.settled?.ui[0] === 'B' ? 'A' : 'B'
    const last = await this.#world.deploy(releases[name], {})
    this.#deployed(name, last, true)
    same('in the end', this.#expected.settled, fleetOf(releases[name]))
    same('the lock in the end', await this.#world.lockHolder(), undefined)
    const records = await this.#world.ledger()
    same(
      'the newest record',
      [records[0]?.kind, records[0]?.ending, records[0]?.proof],
      ['deploy', 'done', proofOf(last)],
    )
    same(
      'numbers of the ledger',
      records.map(({ number }) => number),
      records.map((_, index) => records.length - index),
    )
  }
}

function proofOf({ events }: Run): unknown {
  const proof = events.find((event) => event.type === 'proof')
  return proof === undefined ? undefined : { proved: proof.proved, total: proof.total }
}
