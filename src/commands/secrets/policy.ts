import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class SecretsPolicy extends BaseCommand {
  static override readonly summary = 'Print the IAM policy that lets a role read exactly these secrets.'
  static override readonly description = `For the execution role of a task, or the role of an instance: GetSecretValue on the ARNs of the secrets that \
rampart.yml names and on nothing else, and Decrypt on their KMS key where it is not AWS's own.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> > policy.json',
    '<%= config.bin %> <%= command.id %> --service api',
  ]
  static override readonly flags = {
    service: Flags.string({
      description: 'only what this service takes',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SecretsPolicy)
    const { runSecretsPolicy } = await import('../../lib/compose/secrets.js')
    return this.finish(await runSecretsPolicy({ ...flags, json: this.jsonEnabled() }))
  }
}
