import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

// From its variable a flag is one text.
const words = (given: string | readonly string[] | undefined): readonly string[] | undefined =>
  given === undefined ? undefined : [given].flat().flatMap((one) => one.split(/[\s,]+/).filter((name) => name !== ''))

export default class Doctor extends BaseCommand {
  static override readonly summary = 'Check everything that a deploy rests on, and say what mends what is wrong.'
  static override readonly description = `Looks at this machine, rampart.yml, the Dockerfiles, the registry and the environment, all at once, and changes \
nothing. Each check comes to OK, WARN, FAIL or SKIP, with the command or the edit that mends it. Exits 0 when none \
fails, and 3 otherwise. Without AWS credentials or a Docker engine what needs them is skipped.

--policy prints the least that an identity must be allowed, as an IAM policy: of what an environment's own people do, or \
--for certain commands. What is longer than a managed policy may be is printed as several, by name: an array of \
{ PolicyName, PolicyDocument }.
  read       status, releases, monitor, plan, env: changes nothing
  verify     read, and instances asked what they run
  logs       read, and the lines as they come
  deploy     verify, doctor, app build, deploy, rollback, abort, scale, lock
  base       base build
  secrets    alarms    dashboard    cache    infra
  reclaim    plan --reclaim: deletes images
  migrate    registry migrate into this environment's repositories
  adopt      init --from-stack and --from-service`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --offline --json',
    '<%= config.bin %> <%= command.id %> --only model-cache --only recursive-chown',
    '<%= config.bin %> <%= command.id %> --policy > policy.json',
    '<%= config.bin %> <%= command.id %> --policy --for deploy > ci.json',
  ]
  static override readonly flags = {
    for: Flags.string({
      dependsOn: ['policy'],
      description: 'the policy of these commands alone; may be given more than once, or with commas',
      env: 'RAMPART_FOR',
      helpValue: 'GROUP',
      multiple: true,
    }),
    only: Flags.string({
      description: 'only this check; may be given more than once, in the variable with commas',
      env: 'RAMPART_ONLY',
      helpValue: 'NAME',
      multiple: true,
    }),
    offline: Flags.boolean({
      description: 'leave out what needs AWS or a registry',
      env: 'RAMPART_OFFLINE',
    }),
    policy: Flags.boolean({
      description: 'print the IAM policy that this configuration needs, and check nothing',
      env: 'RAMPART_POLICY',
      exclusive: ['only'],
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Doctor)
    const [only, groups] = [words(flags.only), words(flags.for)]
    const { runDoctor } = await import('../lib/compose/doctor.js')
    return this.finish(await runDoctor({ ...flags, only, for: groups, json: this.jsonEnabled() }))
  }
}
