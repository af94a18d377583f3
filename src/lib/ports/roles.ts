/** What a role's policies say of one action on one resource; `forbidden` where a statement denies it by name. */
export type Decision = 'allowed' | 'denied' | 'forbidden'

/** Roles of IAM, as whoever looks after an environment asks about them. Nothing is done as the role. */
export interface Roles {
  /** The ARN of the role in an instance profile, by its name or ARN; undefined when there is no such profile, or none in it. */
  ofProfile(profile: string): Promise<string | undefined>
  /** Undefined when there is no such role. `context` holds keys of the request, such as `kms:ViaService`. */
  simulate(
    role: string,
    action: string,
    resource: string,
    context?: Readonly<Record<string, string>>,
  ): Promise<Decision | undefined>
}
