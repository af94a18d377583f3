/** Where an environment of an app keeps what belongs to it: `/rampart/<app>/<environment>`. */
export interface Place {
  readonly app: string
  readonly environment: string
}

const under = ({ app, environment }: Place, part: string): string => `/rampart/${app}/${environment}/${part}`

export const ledgerPath = (place: Place): string => under(place, 'releases')
export const lockPath = (place: Place): string => under(place, 'lock')
export const holdName = (place: Place): string => under(place, 'hold')
export const cachePath = (place: Place): string => under(place, 'cache')
export const auditName = (place: Place): string => under(place, 'audit')

/** Numbers with so many digits sort as text does. */
const digits = 8

export const numbered = (path: string, number: number): string => `${path}/${String(number).padStart(digits, '0')}`

/** The number at the end of a name; undefined when it is no name of ours. */
export function numberOf(name: string): number | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1)
  return /^\d{8}$/.test(last) ? Number(last) : undefined
}
