import type { HookName } from '../domain/hook.js'
import type { RunFacts } from '../domain/run-facts.js'

/** The most characters of one variable: far below what the system takes, and enough for people. */
const longest = 4096

/** `backend-api` as a part of a variable's name: `BACKEND_API`. */
const upper = (service: string): string => service.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')

/** The variables that tell a hook of the run; one that is undefined is not known yet and must not come from elsewhere. */
export function variablesOf(hook: HookName, facts: RunFacts): Readonly<Record<string, string | undefined>> {
  const { source, release, revision, from, proof, end } = facts
  const images = (release?.images ?? []).flatMap(({ service, repository, digest }) => [
    [`RAMPART_IMAGE_${upper(service)}`, `${repository}@${digest}`],
    [`RAMPART_DIGEST_${upper(service)}`, digest],
  ])
  return {
    RAMPART_HOOK: hook,
    RAMPART_COMMAND: facts.command,
    RAMPART_APP: facts.app,
    RAMPART_ENVIRONMENT: facts.environment,
    RAMPART_SIMULATED: String(facts.simulated),
    RAMPART_COMMIT: source?.commit,
    RAMPART_SUBJECT: source?.subject,
    RAMPART_VERSION: source?.version,
    RAMPART_RELEASE: release?.id,
    RAMPART_IMAGES: release?.images.map(({ repository, digest }) => `${repository}@${digest}`).join(' '),
    RAMPART_REVISION: revision?.number,
    RAMPART_REVISION_NAME: revision?.name,
    RAMPART_PREVIOUS_REVISION: from?.number,
    RAMPART_ROLLOUT: facts.rollout,
    RAMPART_PROVED: proof?.proved.toString(),
    RAMPART_TARGETS: proof?.total.toString(),
    RAMPART_OUTCOME: end?.outcome,
    RAMPART_EXIT_CODE: end?.exitCode.toString(),
    RAMPART_MESSAGE: end?.message,
    RAMPART_ACTOR: facts.actor,
    RAMPART_LINK: facts.link,
    ...Object.fromEntries(images),
  }
}

/** The person's own environment with those variables over it. Nothing else of rampart's is in it. */
export function environmentOf(
  own: Readonly<Record<string, string | undefined>>,
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries({ ...own, ...variables }).flatMap(([name, value]) =>
      // The system takes no text with a NUL in it.
      value === undefined ? [] : [[name, value.replaceAll('\0', '').slice(0, name in variables ? longest : undefined)]],
    ),
  )
}
