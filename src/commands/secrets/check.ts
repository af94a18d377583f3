import { BaseCommand } from '../../base-command.js'

export default class SecretsCheck extends BaseCommand {
  static override readonly summary = 'Check that every secret that a service needs is there, usable and young enough.'
  static override readonly description =
    'For each secret: whether it exists, is not to be deleted, has the JSON keys that services take, is within `secrets.maxAge`, and whether the role that reads it may: that of the instances, or the execution role of the tasks, as IAM simulates its policies. Ends with 9 when one fails.'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SecretsCheck)
    const { runSecretsCheck } = await import('../../lib/compose/secrets.js')
    return this.finish(await runSecretsCheck({ ...flags, json: this.jsonEnabled() }))
  }
}
