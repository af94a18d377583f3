import { registerHooks } from 'node:module'

/** rampart's own modules as they stand in src: Node takes the types away, and here `.js` leads to the `.ts` it is made of. */
registerHooks({
  resolve(specifier, context, next) {
    const ours = specifier.startsWith('.') && context.parentURL?.includes('/src/lib/')
    return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context)
  },
})

/** A module of src/lib, e.g. `oci/client.ts`. */
export const library = (path) => import(new URL(`../src/lib/${path}`, import.meta.url).href)
