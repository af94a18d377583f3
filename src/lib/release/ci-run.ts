/** The run of a CI system that rampart is a part of. */
export interface CiRun {
  /** Its page. */
  readonly link?: string
  /** Who started it, by the name that the CI system knows. */
  readonly actor?: string
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables that CI systems set:
 * https://docs.github.com/en/actions/reference/workflows-and-actions/variables,
 * https://docs.gitlab.com/ci/variables/predefined_variables/, https://buildkite.com/docs/pipelines/configure/environment-variables,
 * https://circleci.com/docs/reference/variables/, https://www.jenkins.io/doc/book/pipeline/jenkinsfile/.
 */
export function ciRun(env: Variables): CiRun {
  const isGitHub = env['GITHUB_ACTIONS'] === 'true'
  const link = isGitHub
    ? gitHubLink(env)
    : (env['CI_JOB_URL'] ?? env['BUILDKITE_BUILD_URL'] ?? env['CIRCLE_BUILD_URL'] ?? jenkinsLink(env))
  const actor = isGitHub
    ? (env['GITHUB_TRIGGERING_ACTOR'] ?? env['GITHUB_ACTOR'])
    : (env['GITLAB_USER_LOGIN'] ?? env['BUILDKITE_BUILD_CREATOR'] ?? env['CIRCLE_USERNAME'])
  return { ...(link !== undefined && isPage(link) && { link }), ...(actor !== undefined && actor !== '' && { actor }) }
}

function gitHubLink(env: Variables): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env
  if (repository === undefined || run === undefined) return undefined
  const attempt = env['GITHUB_RUN_ATTEMPT'] ?? '1'
  const page = `${server ?? 'https://github.com'}/${repository}/actions/runs/${run}`
  return attempt === '1' ? page : `${page}/attempts/${attempt}`
}

/** Any program may have a variable BUILD_URL. */
const jenkinsLink = (env: Variables): string | undefined =>
  env['JENKINS_URL'] === undefined ? undefined : env['BUILD_URL']

function isPage(link: string): boolean {
  const url = URL.parse(link)
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && link.length <= 500
  )
}
