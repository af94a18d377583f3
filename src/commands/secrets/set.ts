import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class SecretsSet extends BaseCommand {
  static override readonly summary = 'Give a secret of Secrets Manager its value, from a file, a variable or a pipe.'
  static override readonly description = `Makes the secret, or a new version of it; neither when it holds that value already. What is piped in or in the file \
is taken as it is, without the line end behind it. Where services take keys of its JSON, the value must have them. A \
value is never an argument: the process list and the history of the shell would show it.`
  static override readonly usage = 'secrets set NAME [--from-file FILE | --from-env VARIABLE]'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> finbert-rag/elasticsearch/credentials --from-file es-prod.json',
    '<%= config.bin %> <%= command.id %> finbert-rag/jwt-key --from-env JWT_KEY',
    'openssl rand -base64 48 | <%= config.bin %> <%= command.id %> finbert-rag/jwt-key',
  ]
  static override readonly flags = {
    'from-file': Flags.string({
      description: 'the file that holds the value',
      env: 'RAMPART_FROM_FILE',
      helpValue: 'FILE',
    }),
    'from-env': Flags.string({
      description: 'the variable that holds the value',
      env: 'RAMPART_FROM_ENV',
      helpValue: 'VARIABLE',
    }),
  }
  // An error of oclif would repeat a word or a flag that it does not know, which may hold the value.
  static override readonly strict = false

  async run(): Promise<unknown> {
    const { runSecretsSet, valueRefused } = await import('../../lib/compose/secrets.js')
    const { argv, flags } = await this.parse(SecretsSet).catch(() => {
      throw valueRefused()
    })
    return this.finish(await runSecretsSet(argv as readonly string[], { ...flags, json: this.jsonEnabled() }))
  }
}
