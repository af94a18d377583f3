import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class InfraDiff extends BaseCommand {
  static override readonly summary = 'Show what a deploy of the infrastructure would add, change, replace and remove.'
  static override readonly description = `Asks CloudFormation itself, by a change set that is deleted afterwards. Nothing is changed.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --check',
  ]
  static override readonly flags = {
    check: Flags.boolean({
      description: 'end with 3 when something would change',
      env: 'RAMPART_CHECK',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(InfraDiff)
    const { runInfraDiff } = await import('../../lib/compose/infra.js')
    return this.finish(await runInfraDiff({ ...flags, json: this.jsonEnabled() }))
  }
}
