// The files of saved states, in memory, so that a loop finds what another has left.

import { nameOf, type PrefixFiles, type SavedState } from '../child/prefix-folder.ts'

export function createSavedStates(): PrefixFiles & { readonly saved: Map<string, SavedState> } {
  const saved = new Map<string, SavedState>()
  return {
    saved,
    list: () => [...saved].map(([name, { tokens, leastLength, state }]) => ({ name, tokens, leastLength, sizeBytes: state.byteLength })),
    write: async (one) => {
      saved.set(nameOf(one.tokens), one)
      return { removed: [] }
    },
    read: async ({ name }) => saved.get(name)?.state,
    remove: async (name) => void saved.delete(name),
    abandon: () => {},
  }
}
