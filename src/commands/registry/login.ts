import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class RegistryLogin extends BaseCommand {
  static override readonly summary = 'Log Docker in at a registry: at ECR with the credentials of this account.'
  static override readonly description = `Without a host it is the registry of the environment. The login is tried first, then kept where Docker's own client \
keeps it: by that client where it is installed, else by the credential helper or in the file that its configuration \
names. No password stands on a command line.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 123456789012.dkr.ecr.ap-south-1.amazonaws.com',
    'printf %s "$GITHUB_TOKEN" | <%= config.bin %> <%= command.id %> ghcr.io --username octocat --password-stdin',
  ]
  static override readonly args = {
    host: Args.string({ description: 'registry; that of the environment when not given' }),
  }
  static override readonly flags = {
    username: Flags.string({
      char: 'u',
      dependsOn: ['password-stdin'],
      description: 'name for a registry that is not ECR',
      env: 'RAMPART_USERNAME',
      helpValue: 'NAME',
    }),
    'password-stdin': Flags.boolean({
      description: 'take the password or token for that name from stdin',
      env: 'RAMPART_PASSWORD_STDIN',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RegistryLogin)
    const { runLogin } = await import('../../lib/compose/registry-login.js')
    return this.finish(await runLogin({ ...flags, ...args, json: this.jsonEnabled() }))
  }
}
