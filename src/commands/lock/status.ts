import { BaseCommand } from '../../base-command.js'

export default class LockStatus extends BaseCommand {
  static override readonly summary = 'Say who changes the environment now, since when, and what it is doing.'
  static override readonly description = `The lock is a lease that its holder renews: it is free two minutes after the last sign of life. Says also whether \
deploys are held, and what was done by force.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]

  async run(): Promise<unknown> {
    const { flags } = await this.parse(LockStatus)
    const { runLockStatus } = await import('../../lib/compose/lock.js')
    return this.finish(await runLockStatus({ ...flags, json: this.jsonEnabled() }))
  }
}
