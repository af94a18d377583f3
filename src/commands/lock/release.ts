import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class LockRelease extends BaseCommand {
  static override readonly summary =
    'Take the lock of the environment away from whoever has it; who does so is written down.'
  static override readonly description = `Hardly ever needed: the lock of a run that died is free after two minutes. The run that loses it stops before its \
next change; a rollout that has begun goes on, and the next deploy joins or refuses it.`
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --force']
  static override readonly flags = {
    force: Flags.boolean({
      description: 'take it from a run that is alive',
      env: 'RAMPART_FORCE',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'do not ask',
      env: 'RAMPART_YES',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(LockRelease)
    const { runLockRelease } = await import('../../lib/compose/lock.js')
    return this.finish(await runLockRelease({ ...flags, json: this.jsonEnabled() }))
  }
}
