import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class InfraDestroy extends BaseCommand {
  static override readonly summary = 'End the stack. Images, logs and models stay unless told otherwise.'
  static override readonly description = `Asks for the name of the stack, typed. What holds data stays in the account, and a later stack takes repositories and logs over.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --delete-data --confirm rampart-production',
  ]
  static override readonly flags = {
    confirm: Flags.string({
      description: "the stack's name: agrees beforehand to what can not be undone",
      env: 'RAMPART_CONFIRM',
      helpValue: 'STACK',
    }),
    'delete-data': Flags.boolean({
      description: 'delete the repositories with all images, the logs and the model cache, too',
      env: 'RAMPART_DELETE_DATA',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(InfraDestroy)
    const { runInfraDestroy } = await import('../../lib/compose/infra.js')
    return this.finish(await runInfraDestroy({ ...flags, json: this.jsonEnabled() }))
  }
}
