import { registerHooks } from 'node:module'

/** Lets plain Node run the sources: TypeScript names its imports by the files that it will emit. */
export function runSources() {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context)
      } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND' || !specifier.endsWith('.js')) throw error
        return nextResolve(specifier.replace(/\.js$/, '.ts'), context)
      }
    },
  })
}
