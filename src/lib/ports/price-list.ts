/** A product of AWS's price list, by its attributes as AWS calls them. */
export interface ListedProduct {
  readonly attributes: Readonly<Record<string, string>>
  /** What a unit costs on demand in US dollars, from so many units on; ascending. Empty where it has no such price. */
  readonly tiers: readonly { readonly from: number; readonly price: number }[]
}

/** AWS's price list. Rejects with RampartErrors. */
export interface PriceList {
  /** Every product of a service with exactly these attributes; `productFamily` counts as one. */
  products(service: string, attributes: Readonly<Record<string, string>>): Promise<readonly ListedProduct[]>
}
