import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

export default class Doctor extends BaseCommand {
  static override readonly summary = 'Check everything that a deploy rests on, and say what mends what is wrong.'
  static override readonly description = `Looks at this machine, rampart.yml, the Dockerfiles, the registry and the environment, all at once, and changes \
nothing. Each check comes to OK, WARN, FAIL or SKIP, with the command or the edit that mends it. Exits 0 when none \
fails, and 3 otherwise. Without AWS credentials or a Docker engine what needs them is skipped.

--policy prints the least that an identity must be allowed to deploy this configuration and build its bases, as an IAM \
policy. An identity that builds no bases needs neither PushBaseImages nor MakeBaseRepositories of it.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --offline --json',
    '<%= config.bin %> <%= command.id %> --only model-cache --only recursive-chown',
    '<%= config.bin %> <%= command.id %> --policy > policy.json',
  ]
  static override readonly flags = {
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
    // From its variable the flag is one text.
    const named = flags.only as string | readonly string[] | undefined
    const only = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    const { runDoctor } = await import('../lib/compose/doctor.js')
    return this.finish(await runDoctor({ ...flags, only, json: this.jsonEnabled() }))
  }
}
