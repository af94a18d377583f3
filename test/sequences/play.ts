import { isDeepStrictEqual } from 'node:util'
import { releases, type Name, type Step } from './steps.js'
import { fleetOf, isGood, moves, World, type Fleet, type Letters, type Platform, type Run } from './world.js'

const services = ['api', 'ui'] as const
type Service = (typeof services)[number]

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

/**
 * What should serve, as far as anybody can know. While something may be under way that is a choice: each service is on
 * one of those letters.
 */
class Expected {
  /** Undefined until it is known which of the possible ones it is. */
  settled: Fleet | undefined
  readonly possible: Readonly<Record<Service, Set<string>>>
  /** Everything that was ever deployed, and can be gone back to. */
  readonly seen: Readonly<Record<Service, Set<string>>>
  /** What was proved to serve, each on what it replaced; the last one serves. */
  path: Name[] = []
  /** False once something served beneath it that nobody has seen to its end. */
  isWhole = true
  /** Releases that the ledger has for certain. */
  readonly recorded = new Set<Name>()
  /** Whether deploys are held since a rollback. */
  held: 'yes' | 'no' | 'maybe' = 'no'
  /** Whether the last release has gone back by itself: then a rollback wants a name. */
  goneBack: 'yes' | 'no' | 'maybe' = 'no'
  /** A person has stopped a rollout half-way, and wants its targets where they are. */
  isMixed = false
  /** The lock of a process that has died ends only after a while. */
  isLocked = false

  constructor(fleet: Fleet) {
    this.settled = fleet
    this.possible = { api: new Set(fleet.api), ui: new Set(fleet.ui) }
    this.seen = { api: new Set(fleet.api), ui: new Set(fleet.ui) }
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
    this.#forget()
    for (const service of services) this.#add(service, letters[service])
  }

  /** Some of it, or all, may be of any release that ever served. */
  mayBeAny(): void {
    this.#forget()
    for (const service of services) for (const letter of this.seen[service]) this.possible[service].add(letter)
  }

  serves(name: Name): void {
    this.is(fleetOf(releases[name]))
    this.isMixed = false
    if (this.path.at(-1) !== name) this.path.push(name)
  }

  /** A rollback takes away all that was above. */
  wentBackTo(name: Name | undefined, fleet: Fleet): void {
    this.is(fleet)
    this.isMixed = false
    const place = name === undefined ? -1 : this.path.lastIndexOf(name)
    if (place >= 0) this.path.length = place + 1
    else {
      this.path = name === undefined ? [] : [name]
      this.isWhole = false
    }
  }

  note(name: Name): void {
    for (const service of services) {
      const letter = releases[name][service]
      if (isGood(letter)) this.seen[service].add(letter)
    }
  }

  #forget(): void {
    this.settled = undefined
    this.path = []
    this.isWhole = false
    if (this.held === 'yes') this.held = 'maybe'
    this.goneBack = 'maybe'
  }

  #add(service: Service, letter: string): void {
    if (isGood(letter)) this.possible[service].add(letter)
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
    const alone = this.#expected.settled !== undefined && !this.#expected.isLocked
    switch (step.kind) {
      case 'deploy': {
        const { name, how, waits, releasesHold } = step
        this.#expected.note(name)
        const run = await world.deploy(releases[name], { waits, releasesHold, ...how })
        return this.#deployed(name, run, { alone, releasesHold })
      }
      case 'rollback': {
        const { to, how, waits } = step
        return this.#wentBack(to, await world.rollback(to && releases[to], { waits, ...how }), alone)
      }
      case 'pair': {
        const { first, second, at } = step
        this.#expected.note(first)
        this.#expected.note(second)
        const [run, other] = await this.#beside(first, at, () => world.deploy(releases[second], { releasesHold: true }))
        if (other === undefined) return this.#deployed(first, run, { alone, releasesHold: true })
        return this.#together([first, second], [run, other], alone)
      }
      case 'turn':
        return this.#turned(step, alone)
      case 'rest':
        return this.#rest()
    }
  }

  /** Deploys, and lets somebody else begin at that call of it. */
  async #beside(name: Name, call: number, begin: () => Promise<Run>): Promise<readonly [Run, Run | undefined]> {
    let other: Promise<Run> | undefined
    const run = (): void => {
      other = begin()
      // Waited for below, when the first one has ended.
      other.catch(() => undefined)
    }
    const first = await this.#world.deploy(releases[name], { releasesHold: true, at: { call, run } })
    return [first, await other]
  }

  /** Checks how a deploy ended and what it left. `alone`: nobody else was at work, and nothing was under way. */
  #deployed(name: Name, run: Run, { alone, releasesHold }: { alone: boolean; releasesHold: boolean }): void {
    const { ended, fleet } = run
    const letters = releases[name]
    const expected = this.#expected
    const ending = this.#count('deploy', run)
    const about = `deploy ${name} ended ${ending}: ${words(run)}`
    const isNoop = expected.settled !== undefined && isDeepStrictEqual(expected.settled, fleetOf(letters))
    if (alone && expected.held === 'yes' && !releasesHold) {
      holds(about, ['preflight', 'interrupted', 'died'].includes(ending))
      return this.#changedNothing(about, run)
    }
    const free = (): void => {
      expected.recorded.add(name)
      // Who finds nothing to do takes no lock; who joins does, and moves nothing either.
      if (run.moved !== undefined) {
        expected.held = 'no'
        expected.isLocked = false
      } else if (!isNoop && expected.held === 'yes') expected.held = 'maybe'
    }
    switch (ending) {
      case 'died':
        expected.isLocked = true
        return expected.mayBe(letters)
      case 'unknown':
        return expected.mayBe(letters)
      case 'done':
        holds(about, isGoodRelease(letters))
        same(about, fleet, fleetOf(letters))
        free()
        // Where nothing was done, nothing is on record.
        if (!isNoop) expected.goneBack = alone && run.moved !== undefined ? 'no' : 'maybe'
        return expected.serves(name)
      case 'rolledBack':
        // A good one only where this run has joined a rollout of it that somebody had turned.
        holds(about, !isGoodRelease(letters) || (!alone && run.moved === undefined))
        if (alone) same(about, fleet, expected.settled)
        if (!expected.isMixed) this.#noneBad(about, fleet)
        free()
        expected.goneBack = alone && !expected.isMixed ? 'yes' : 'maybe'
        return expected.is(fleet)
      case 'preflight':
        holds(about, expected.held !== 'no' && !releasesHold)
        expected.held = 'yes'
        return this.#changedNothing(about, run)
      case 'conflict':
        holds(about, !alone)
        return this.#changedNothing(about, run)
      case 'interrupted':
        return this.#changedNothing(about, run)
      default:
        throw new Error(`${about}${ended === 'died' ? '' : (ended.problems ?? []).join('; ')}`)
    }
  }

  /** Checks how a rollback ended and what it left. */
  #wentBack(to: Name | undefined, run: Run, alone: boolean): void {
    const { fleet } = run
    const expected = this.#expected
    const ending = this.#count('rollback', run)
    const about = `rollback to ${to ?? 'what was before'} ended ${ending}: ${words(run)}`
    const before = expected.settled
    const next = to ?? (alone && expected.path.length > 1 ? expected.path.at(-2) : undefined)
    switch (ending) {
      case 'died':
        expected.isLocked = true
        expected.held = 'maybe'
        return to === undefined ? expected.mayBeAny() : expected.mayBe(releases[to])
      case 'unknown':
        // Who has turned a rollout holds deploys before it is seen to its end.
        expected.held = 'maybe'
        return to === undefined ? expected.mayBeAny() : expected.mayBe(releases[to])
      case 'done':
        // Nobody has said which of them: what serves is good.
        if (to === undefined && alone) holds(about, expected.goneBack !== 'yes')
        if (next !== undefined) same(about, fleet, fleetOf(releases[next]))
        // Below what rampart has released there is nothing to go back to.
        else if (alone) holds(about, !expected.isWhole)
        this.#isOneRelease(about, fleet)
        if (before === undefined) expected.held = 'maybe'
        else if (!isDeepStrictEqual(before, fleet)) expected.held = 'yes'
        if (before === undefined || !isDeepStrictEqual(before, fleet)) expected.goneBack = 'no'
        return expected.wentBackTo(next, fleet)
      case 'preflight':
        holds(
          about,
          !alone ||
            (to === undefined ? next === undefined || expected.goneBack !== 'no' : !isGoodRelease(releases[to])),
        )
        return this.#changedNothing(about, run)
      case 'usage':
        holds(about, to !== undefined && !expected.recorded.has(to))
        return this.#changedNothing(about, run)
      case 'conflict':
        holds(about, !alone)
        return this.#changedNothing(about, run)
      case 'interrupted':
        return this.#changedNothing(about, run)
      default:
        throw new Error(about)
    }
  }

  /** Somebody else turns the deploy or stops it. What must be: nobody claims what is not so. */
  async #turned({ name, at, by }: Extract<Step, { kind: 'turn' }>, alone: boolean): Promise<void> {
    const world = this.#world
    const expected = this.#expected
    expected.note(name)
    const before = expected.settled
    const { rollouts } = world
    let found: { readonly fleet: Fleet; readonly isAfter: boolean } | undefined
    const [run, other] = await this.#beside(name, at, () => {
      found = { fleet: world.fleet(), isAfter: world.isStill() && world.rollouts > rollouts }
      return by === 'rollback' ? world.rollback(undefined, {}) : world.abort(by === 'abort', {})
    })
    if (other === undefined) return this.#deployed(name, run, { alone, releasesHold: true })
    // Who comes when all of it has gone back by itself has nothing of it to undo.
    const isAfter = found?.isAfter === true && isDeepStrictEqual(found.fleet, before)
    if (by === 'rollback' && isAfter && endingOf(run) === 'rolledBack') {
      this.#deployed(name, run, { alone: false, releasesHold: true })
      if (alone) expected.goneBack = 'yes'
      return this.#wentBack(undefined, other, alone && endingOf(other) !== 'conflict')
    }
    expected.goneBack = 'maybe'
    const what = by === 'rollback' ? 'rollback' : 'abort'
    const endings = [this.#count('deploy', run), this.#count(what, other)]
    const about = `deploy ${name} ended ${endings[0]}: ${words(run)}; ${by} beside it ${endings[1]}: ${words(other)}`
    holds(about, !endings.some((ending) => ['unknown', 'unreachable'].includes(ending)))
    // What the deploy has brought to its end may be gone before it is proved.
    holds(about, endings[0] !== 'verification' || other.moved !== undefined)
    if (endings[0] === 'done') same(about, run.fleet, fleetOf(releases[name]))
    if (by === 'stay') {
      expected.mayBe(releases[name])
      expected.isMixed = true
      return
    }
    // Neither leaves anything half-way.
    holds(
      about,
      endings.every((ending) => ending !== 'attention' || words(other).startsWith('Too late')),
    )
    if (endings[1] === 'done' && endings[0] === 'rolledBack') {
      // Both say that what was before serves.
      const { fleet } = run.place < other.place ? other : run
      this.#noneBad(about, fleet)
      if (alone) same(about, fleet, before)
      if (by === 'rollback') expected.held = 'maybe'
      else if (run.moved !== undefined) expected.held = 'no'
      expected.recorded.add(name)
      return expected.is(fleet)
    }
    if (by === 'rollback') expected.mayBeAny()
    expected.mayBe(releases[name])
    expected.held = 'maybe'
  }

  /** Two at once: one goes on. */
  #together(names: readonly [Name, Name], runs: readonly [Run, Run], alone: boolean): void {
    const endings = runs.map(endingOf)
    const about = `${names[0]} ended ${endings[0]}, ${names[1]} beside it ${endings[1]}`
    if (alone)
      holds(
        about,
        endings.some((ending) => ending !== 'conflict'),
      )
    // Who comes to the same release joins; else one moves nothing before the other has ended.
    const [one, other] = runs
    const isApart = one.place < (other.moved ?? Infinity) || other.place < (one.moved ?? Infinity)
    holds(`both rolled: ${about}`, isApart || names[0] === names[1])
    const order = runs[0].place < runs[1].place ? ([0, 1] as const) : ([1, 0] as const)
    for (const place of order) this.#deployed(names[place], runs[place], { alone: false, releasesHold: true })
  }

  #isOneRelease(about: string, fleet: Fleet): void {
    const known = Object.values(releases).map((letters) => fleetOf(letters))
    holds(
      `${about}: ${JSON.stringify(fleet)}`,
      known.some((one) => isDeepStrictEqual(one, fleet)) || !this.#expected.isWhole,
    )
    this.#noneBad(about, fleet)
  }

  #count(what: string, { ended }: Run): string {
    const ending = endingOf({ ended })
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
    expected.isLocked = false
    const fleet = this.#world.fleet()
    const about = `at rest ${JSON.stringify(fleet)}`
    if (expected.isMixed) return expected.is(fleet)
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
    const last = await this.#world.deploy(releases[name], { releasesHold: true })
    this.#deployed(name, last, { alone: true, releasesHold: true })
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

const endingOf = ({ ended }: Pick<Run, 'ended'>): string => (ended === 'died' ? 'died' : ended.ending)

const words = ({ ended }: Run): string => (ended === 'died' ? '' : [ended.message, ...(ended.problems ?? [])].join(' '))
