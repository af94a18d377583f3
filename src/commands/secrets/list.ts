import { BaseCommand } from '../../base-command.js'

export default class SecretsList extends BaseCommand {
  static override readonly summary =
    'List the secrets of the app: versions, age, rotation, and who takes what from them.'
  static override readonly description =
    "Shows what the services of rampart.yml name, there or not, and every other secret whose name begins with the app's. Never a value."
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SecretsList)
    const { runSecretsList } = await import('../../lib/compose/secrets.js')
    return this.finish(await runSecretsList({ ...flags, json: this.jsonEnabled() }))
  }
}
