import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class InfraSynth extends BaseCommand {
  static override readonly summary = 'Write the CloudFormation template of an environment.'
  static override readonly description = `Ordinary CloudFormation, made from rampart.yml without asking AWS anything: the same file gives the same template. A team can \
take it away and own it.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --out infra.yml',
    '<%= config.bin %> <%= command.id %> --env staging',
  ]
  static override readonly flags = {
    out: Flags.string({
      char: 'o',
      description: 'write it to this file instead of stdout',
      env: 'RAMPART_OUT',
      helpValue: 'FILE',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(InfraSynth)
    const { runInfraSynth } = await import('../../lib/compose/infra.js')
    return this.finish(await runInfraSynth({ ...flags, json: this.jsonEnabled() }))
  }
}
