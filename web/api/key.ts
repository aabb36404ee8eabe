// The server's key, as the user has typed it: for as long as this tab lives, and in no other.

import { createState, type State } from '../base/state.ts'

export interface KeyRing {
  readonly key: State<string | undefined>
  use(key: string | undefined): void
}

const NAME = 'llamero.key'

/** `storage` is missing where the browser refuses it; the key then lives as long as the page. */
export function createKeyRing(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined): KeyRing {
  const key = createState<string | undefined>(storage?.getItem(NAME) ?? undefined)
  return {
    key,
    use(next) {
      key.set(next)
      if (next === undefined) storage?.removeItem(NAME)
      else storage?.setItem(NAME, next)
    },
  }
}
