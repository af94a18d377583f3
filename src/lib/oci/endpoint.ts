const hub = 'docker.io'
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/
const ecr = /\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/

/** True for `localhost` and the loopback addresses, with or without a port. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}

/** True for the host of a private Amazon ECR registry. */
export function isEcr(host: string): boolean {
  return ecr.test(host)
}

/**
 * The address at which a registry of an image reference is asked: http on loopback, https elsewhere. No host, and
 * Docker's own names for it, mean Docker Hub.
 */
export function registryEndpoint(host: string): string {
  if (host === '' || host === hub || host === 'index.docker.io') return 'https://registry-1.docker.io'
  return `${isLoopback(host) ? 'http' : 'https'}://${host}`
}

/** The repository as the registry knows it: Docker Hub keeps `python` under `library/python`. */
export function registryRepository(host: string, repository: string): string {
  const onHub = registryEndpoint(host) === registryEndpoint('')
  return onHub && !repository.includes('/') ? `library/${repository}` : repository
}
