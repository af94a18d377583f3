/** How far something is: bytes, whole shards or files, or percent. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly unit: 'bytes' | 'shards' | 'percent'
}

/** What one line of a model server tells. Names of models are as the line has them. */
export type LoadFact =
  /** A process begins; `main` is the one that others come from. */
  | { readonly kind: 'started'; readonly pid?: string; readonly main: boolean }
  /** A worker of it begins. */
  | { readonly kind: 'worker'; readonly pid: string }
  /** Its start-up has begun. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'downloading'; readonly model?: string; readonly file?: string; readonly progress?: Progress }
  /** Files are looked for, and downloaded where they lack: a full cache says the same. */
  | { readonly kind: 'fetching'; readonly progress: Progress }
  | { readonly kind: 'loading'; readonly model?: string; readonly progress?: Progress }
  /** `all`: whatever was to be loaded. */
  | { readonly kind: 'loaded'; readonly model?: string; readonly all?: true }
  /** One process has started up. */
  | { readonly kind: 'started-up' }
  /** The server listens, or has answered. */
  | { readonly kind: 'serving' }
  /** It says itself that it is ready. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'killed'; readonly why: string }
