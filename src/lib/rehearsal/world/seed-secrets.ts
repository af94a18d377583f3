import type { RehearsalSetup } from '../setup.js'
import { createRandom } from './random.js'
import { addSecret, addVersion, createSecretStore, type SecretStore } from './secrets.js'

/** The characters behind the names of the secrets that were there before anybody came. */
export const seededSuffix = 'Ab12Cd'

/** The name of the secret that every task of the rehearsal takes a variable from. */
export const seededSecret = ({ app }: Pick<RehearsalSetup, 'app'>): string => `${app}/api-key`

/** The secrets that are there when a world begins: those that what already serves takes its variables from. */
export function seedSecrets(setup: RehearsalSetup, createdAt: number, seed: number): SecretStore {
  // Numbers of its own, so that no other part of the world is drawn differently.
  const store = createSecretStore(createRandom(seed + 0x5ec7))
  const { region, accountId } = setup
  if (setup.isEmpty === true) return store
  const given = setup.secrets ?? []
  const all = given.some(({ name }) => name === seededSecret(setup))
    ? given
    : [{ name: seededSecret(setup), keys: [] }, ...given]
  for (const { name, keys } of all) {
    const birth = { name, region, accountId, partition: 'aws', now: createdAt, suffix: seededSuffix }
    const text =
      keys.length === 0
        ? filler(name)
        : JSON.stringify(Object.fromEntries(keys.map((key) => [key, filler(`${name} ${key}`)])))
    const secret = addSecret(store, birth)
    addVersion(secret, { id: store.random.uuid(), content: { text } }, ['AWSCURRENT'], createdAt)
  }
  return store
}

const filler = (of: string): string => `rehearsed ${of}: this is no secret`
