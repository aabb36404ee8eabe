import { useState } from 'preact/hooks'

interface Field {
  readonly currentTarget: { readonly value: string }
}

/**
 * What is typed into a field stays the field's own until it is left: a half-typed number is none yet, a page that is drawn anew while a reply comes must
 * not undo it, and not every letter is worth keeping.
 */
export function useDraft(value: string, commit: (typed: string) => void) {
  const [draft, setDraft] = useState<string | undefined>(undefined)
  return {
    value: draft ?? value,
    onInput: ({ currentTarget }: Field) => setDraft(currentTarget.value),
    onChange: ({ currentTarget }: Field) => {
      commit(currentTarget.value)
      setDraft(undefined)
    },
  }
}
