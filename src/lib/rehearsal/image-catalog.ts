import type { Digest } from '../domain/digest.js'

/** An image of the rehearsal's registry as a target's container engine sees it when it pulls. */
export interface CatalogImage {
  readonly digest: Digest
  readonly layers: readonly { readonly digest: Digest; readonly size: number }[]
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly exposedPorts: readonly string[]
}

/** Where the world looks up what a target pulls; undefined when there is no such image. */
export interface ImageCatalog {
  find(repository: string, reference: string): CatalogImage | undefined
}
